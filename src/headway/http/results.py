"""Results of single items, readable while the job runs: they lie in part files, in order."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headway.artifacts import ArtifactFiles
from headway.errors import CorruptArtifact
from headway.http.auth import CallerDep, json_answer
from headway.http.headers import accepts
from headway.http.jobs import JobId
from headway.store.values import Part
from headway.wire.jobs import ResultsPage, job_url

JSON_LINES: Final = ("application/jsonl", "application/x-ndjson", "application/jsonlines")

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
    rows = _rows(caller.parts.service.files, parts, cursor, status)
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


def _rows(
    files: ArtifactFiles, parts: Sequence[Part], cursor: int, status: str | None
) -> Iterator[dict[str, Any]]:
    """The wanted items of these parts, each with its index."""
    for part in parts:
        if (status == "failed" and not part.failed) or (
            status == "succeeded" and part.failed == part.count
        ):
            continue
        for index, line in enumerate(_lines(files, part), part.first):
            if index < cursor:
                continue
            row = {"index": index} | orjson.loads(line) | {"index": index}
            if status is None or (row.get("error") is not None) == (status == "failed"):
                yield row


def _lines(files: ArtifactFiles, part: Part) -> list[bytes]:
    try:
        lines = files.path(part.path).read_bytes().splitlines()
    except OSError as error:
        raise CorruptArtifact(
            f"expected the results in {part.path}, got: {error.strerror}"
        ) from None
    if len(lines) != part.count:
        raise CorruptArtifact(f"expected {part.count} results in {part.path}, got {len(lines)}")
    return lines
