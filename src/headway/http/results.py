"""Results of single items, readable while the job runs: they lie in part files, in order."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.http.auth import CallerDep
from headway.http.exports import MEDIA_TYPES, export
from headway.http.headers import accepts
from headway.http.jobs import JobId
from headway.http.json_answer import json_answer
from headway.http.part_files import rows_of
from headway.http.ranges import Ranged
from headway.store.values.attempts import Part
from headway.wire.jobs import ResultsPage, job_url

JSON_LINES: Final = ("application/jsonl", "application/x-ndjson", "application/jsonlines")

_DOWNLOADS: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "content": {media_type.partition(";")[0]: {} for media_type in MEDIA_TYPES.values()},
        "description": "The file",
    }
}

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("/{job_id}/results", response_model=ResultsPage)
def list_results(
    request: Request,
    caller: CallerDep,
    job_id: JobId,
    cursor: Annotated[int, Query(ge=0, le=2**53, description="Index of the first item")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    status: Annotated[Literal["failed", "succeeded"] | None, Query()] = None,
) -> Response:
    """Items from index `cursor` on. Ask again with `next_cursor` until `complete`; a cursor is a
    plain index, so it survives anything. `Accept: application/jsonl` gives one item a line."""
    # The job is read first: if it has ended, the parts read after it are all there are.
    job = caller.parts.queue.get(job_id, caller.name)
    parts = caller.parts.queue.parts(job_id, caller.name, after=cursor - 1)
    rows = rows_of(caller.parts.service.files, parts, cursor, status)
    items = list(islice(rows, limit))
    next_cursor = _next_cursor(items, parts, cursor, full=len(items) == limit)
    complete = job.status.finished and len(items) < limit
    if accepts(request, JSON_LINES):
        link = f'<{job_url(job_id)}/results?cursor={next_cursor}>; rel="next"'
        headers = {} if complete else {"Link": link}
        lines = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in items)
        return Response(lines, headers=headers, media_type=JSON_LINES[0])
    return json_answer({"items": items, "next_cursor": next_cursor, "complete": complete})


def _next_cursor(
    items: Sequence[dict[str, Any]], parts: Sequence[Part], cursor: int, *, full: bool
) -> int:
    if full:
        return int(items[-1]["index"]) + 1
    return max((part.first + part.count for part in parts), default=cursor)


@router.get("/{job_id}/results.{ending}", response_class=Ranged, responses=_DOWNLOADS)
def download_results(
    caller: CallerDep,
    job_id: JobId,
    ending: Annotated[Literal["csv", "jsonl", "parquet"], Path()],
) -> Response:
    """All items of a job that has ended, as one file; `Range` takes a part of it. In the CSV no
    text begins as a formula would. 409 while the job has not ended."""
    job = caller.parts.queue.get(job_id, caller.name)
    parts = caller.parts.queue.parts(job_id, caller.name)
    file = export(job, parts, caller.parts.service.files, ending)
    return Ranged(
        file,
        media_type=MEDIA_TYPES[ending],
        filename=f"results-{job_id}.{ending}",
        headers={"Cache-Control": "private, no-cache"},
    )
