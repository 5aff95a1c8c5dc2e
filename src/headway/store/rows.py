"""From rows to frozen values, in one place."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from headway.job import Counts, Job, Json, Status, Waiting
from headway.store.database import Params, Row, Transaction
from headway.store.values.artifacts import StoredArtifact
from headway.store.values.attempts import Part

JOB_COLUMNS: Final = (
    "seq, id, operation, owner, status, priority, created_at, version, run_at, started_at,"
    " completed_at, waiting_for, progress, message, total, succeeded, failed, attempt,"
    " max_attempts, crashes, interruptions, crashes_in_a_row, interruptions_in_a_row, timeout,"
    " worker, last_event, resumed_from, metadata, parent, shard, shards, unique_key,"
    " error, result"
)
JOB_WIDTH: Final = JOB_COLUMNS.count(",") + 1

PART_COLUMNS: Final = "first, count, parts.failed, path, size, sha256"

_STATUS: Final = {status.value: status for status in Status}
_WAITING: Final = {waiting.value: waiting for waiting in Waiting}
_NO_COUNTS: Final = Counts()


def job_from_row(row: Row) -> Job:
    """The job in the first `JOB_WIDTH` columns of a row."""
    (
        seq, id, operation, owner, status, priority, created_at, version, run_at, started_at,
        completed_at, waiting_for, progress, message, total, succeeded, failed, attempt,
        max_attempts, crashes, interruptions, crashes_in_a_row, interruptions_in_a_row, timeout,
        worker, last_event, resumed_from, metadata, parent, shard, shards, unique_key,
        error, result,
    ) = row[:JOB_WIDTH]  # fmt: skip
    counted = total is not None or succeeded or failed
    return Job(
        seq=seq,
        id=id,
        operation=operation,
        owner=owner,
        status=_STATUS[status],
        priority=priority,
        created_at=created_at,
        version=version,
        run_at=run_at,
        started_at=started_at,
        completed_at=completed_at,
        waiting_for=None if waiting_for is None else _WAITING[waiting_for],
        progress=progress,
        message=message,
        counts=Counts(total, succeeded, failed) if counted else _NO_COUNTS,
        attempt=attempt,
        max_attempts=max_attempts,
        crashes=crashes,
        interruptions=interruptions,
        crashes_in_a_row=crashes_in_a_row,
        interruptions_in_a_row=interruptions_in_a_row,
        timeout=timeout,
        result=loads(result),
        error=error,
        resumed_from=loads(resumed_from),
        metadata=loads(metadata) or {},
        parent=parent,
        shard=shard,
        shards=shards,
        unique_key=unique_key,
        worker=worker,
        last_event=last_event,
    )


def job_where(tx: Transaction, condition: str, params: Params) -> Job | None:
    """The job of which this is true, by names that stand in the code."""
    row = tx.row(f"SELECT {JOB_COLUMNS} FROM jobs WHERE {condition}", params)  # nosec B608 - constants and names that stand in the code
    return None if row is None else job_from_row(row)


ARTIFACT_COLUMNS: Final = (
    "artifacts.seq, artifacts.id, artifacts.kind, artifacts.name, artifacts.version,"
    " artifacts.owner, artifacts.path, artifacts.sha256, artifacts.size, artifacts.meta,"
    " artifacts.created_at, artifacts.made_by, artifacts.shared, artifacts.deleted_at"
)


def artifact_from_row(row: Row) -> StoredArtifact:
    """The artefact of a row of `ARTIFACT_COLUMNS`."""
    (
        seq, id, kind, name, version, owner, path, sha256, size, meta, created_at, made_by, shared,
        deleted_at,
    ) = row  # fmt: skip
    return StoredArtifact(
        seq=seq,
        id=id,
        kind=kind,
        name=name,
        version=version,
        owner=owner,
        path=path,
        sha256=sha256,
        size=size,
        meta=loads(meta),
        created_at=created_at,
        job_id=made_by,
        shared=bool(shared),
        deleted_at=deleted_at,
    )


def dumps(value: Any) -> str:
    """JSON text for a column."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def loads(text: str | None) -> Json:
    """What a JSON column holds; None where it is null."""
    return None if text is None else orjson.loads(text)


def part_from_row(row: Sequence[Any]) -> Part:
    """The part in the columns `PART_COLUMNS`."""
    first, count, failed, path, size, sha256 = row
    return Part(first=first, count=count, failed=failed, path=path, size=size, sha256=sha256)
