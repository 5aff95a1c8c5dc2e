"""An import as it is told: in words of its own, with what was found in its records until now."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from headway.http.part_files import rows_of
from headway.http.parts import Parts
from headway.job import Job, Json, Status
from headway.wire.jobs import job_document

WORDS: Final = {
    Status.PENDING: "queued",
    Status.RUNNING: "running",
    Status.COMPLETED: "complete",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}
_SHARED: Final = ("progress", "message", "error", "created_at", "started_at", "completed_at")
_LISTED: Final = 100
"""Row errors, as many as a result has."""
_LATE: Final = 200
"""Of the job's events: among so many there are counts, unless its operation tells none."""


def import_document(parts: Parts, job: Job) -> dict[str, Any]:
    """The import with the fields of `ImportView`. It asks the store for what an import that has no
    result has told on its way."""
    document = job_document(job)
    found = _account_of(job.result) if isinstance(job.result, dict) else _until_now(parts, job)
    return {
        "task_id": job.id,
        "status": WORDS[job.status],
        **{name: document[name] for name in _SHARED},
        **found,
    }


def _account_of(result: Mapping[str, Json]) -> dict[str, Json]:
    """What came of the rows; also of those of an import that has failed."""
    rest = dict(result)
    row_errors = rest.pop("row_errors", [])
    counts = {"rows": rest.pop("rows", 0), "row_errors": rest.pop("row_error_count", 0)}
    counts |= rest.pop("counts", {})
    return {"counts": counts, "summary": rest.pop("summary", {}) | rest, "row_errors": row_errors}


def _until_now(parts: Parts, job: Job) -> dict[str, Json]:
    """What was told of the rows: counts after the first of them and at each checkpoint, the records
    that are none from the checkpoint on."""
    if job.started_at is None:
        return {}
    late = max(0, job.last_event - _LATE)
    told = parts.queue.events(job.id, job.owner, after=late, kinds=("metric",), limit=_LATE)
    counts = {"counts": told[-1].data["values"]} if told else {}
    return counts | ({"row_errors": _row_errors(parts, job)} if job.counts.failed else {})


def _row_errors(parts: Parts, job: Job) -> list[Json]:
    files, published = parts.service.files, parts.queue.parts(job.id, job.owner)
    rows = islice(rows_of(files, published, status="failed"), _LISTED)
    return [{"line": one["line"], "reason": one["error"], "text": one["text"]} for one in rows]
