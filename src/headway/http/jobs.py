"""Jobs after they were made: find, look, follow, cancel, retry."""

from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.estimate import NO_ESTIMATE, Estimate
from headway.events import Event
from headway.http.acceptance import job_answer, replay_header, unchanged
from headway.http.answers import keyed
from headway.http.auth import Caller, CallerDep
from headway.http.headers import idempotency_key, known, preferences
from headway.http.json_answer import json_answer
from headway.http.paging import next_page
from headway.http.repeats import RepeatableRoute, repeatable
from headway.http.waiting import held
from headway.job import Job, Status
from headway.queue import Queue
from headway.store.values.history import AttemptRecord, JobQuery
from headway.store.values.submission import Added
from headway.wire.base import Message, moment
from headway.wire.jobs import AttemptView, EventView, JobView, brief, job_document
from headway.wire.places import place

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=RepeatableRoute)

JobId = Annotated[str, Path(description="The job's id")]
After = Annotated[int, Query(ge=0, le=2**53, description="Only what has a larger id")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("", response_model=list[JobView])
def list_jobs(
    caller: CallerDep,
    status: Annotated[list[Status] | None, Query()] = None,
    job_type: Annotated[str | None, Query(max_length=64)] = None,
    parent: Annotated[
        str | None, Query(max_length=200, description="Only the shards of this job")
    ] = None,
    result: Annotated[
        Literal["brief"] | None,
        Query(description="Of each result only the numbers, truths and short texts"),
    ] = None,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Your jobs, newest first. `Link: rel="next"` leads to the next page. What a large job was
    split into is listed only where `parent` asks for it. A result may have a thousand predictions:
    with `result=brief` lists, objects and long texts are left out of each."""
    before = None if cursor is None else caller.parts.cursors.open(cursor)
    query = JobQuery(
        owner=caller.name,
        statuses=status or (),
        operation=job_type,
        parent=parent,
        before=before,
        limit=limit + 1,
    )
    found = caller.parts.queue.find(query)
    headers = {}
    if len(found) > limit:
        found = found[:limit]
        asked = {
            "status": [one.value for one in status or ()],
            "job_type": job_type,
            "parent": parent,
            "result": result,
            "limit": limit,
            "cursor": caller.parts.cursors.seal(found[-1].seq),
        }
        headers = next_page(place("/api/v1/jobs"), asked)
    estimates = caller.parts.queue.following.estimates(found)
    documents = [job_document(job, estimates.get(job.id, NO_ESTIMATE)) for job in found]
    if result == "brief":
        documents = [one | {"result": brief(one["result"])} for one in documents]
    return json_answer(documents, headers=headers)


@router.get("/{job_id}", response_model=JobView)
async def get_job(request: Request, caller: CallerDep, job_id: JobId) -> Response:
    """The job as it is now. With `If-None-Match` unchanged jobs cost next to nothing; with
    `Prefer: wait=N` the answer waits for the job's end, up to 30 seconds. With both it waits until
    the job is another than the client has."""
    queue, has = caller.parts.queue, known(request)
    later, heeded = await held(caller.parts, job_id, caller.name, preferences(request), has)
    if later is not None:
        if has.has(later.version):
            return unchanged(later.version, later.status, heeded)
        estimate = await to_thread.run_sync(queue.following.estimate, later)
        return job_answer(later, heeded, estimate)
    if has.tags:
        version, status = await to_thread.run_sync(queue.version, job_id, caller.name)
        if has.has(version):
            return unchanged(version, status)
    job, estimate = await to_thread.run_sync(_estimated, queue, job_id, caller.name)
    return job_answer(job, estimate=estimate)


def _estimated(queue: Queue, job_id: str, owner: str) -> tuple[Job, Estimate]:
    """The job and how long it may take, in one hop."""
    job = queue.get(job_id, owner)
    return job, queue.following.estimate(job)


@router.delete("/{job_id}", response_model=Message)
@repeatable
def cancel_job(caller: CallerDep, job_id: JobId) -> Response:
    """Cancel a job that has not ended. It is cancelled when this answers."""
    return _cancel(caller, job_id)


@router.post("/{job_id}/cancel", response_model=Message)
@repeatable
def cancel_job_by_verb(caller: CallerDep, job_id: JobId) -> Response:
    """The same as DELETE, for clients that cannot send it."""
    return _cancel(caller, job_id)


def _cancel(caller: Caller, job_id: str) -> Response:
    caller.parts.queue.cancel(job_id, caller.name)
    return json_answer({"message": "Job cancelled"})


@router.post("/{job_id}/retry", response_model=JobView, openapi_extra=keyed())
async def retry_job(
    request: Request,
    caller: CallerDep,
    job_id: JobId,
    items: Annotated[Literal["failed"] | None, Query(description="Only the failed items")] = None,
) -> Response:
    """Give a failed or cancelled job new attempts; it continues from its last checkpoint. With
    `items=failed` a job that has ended tries its failed items again, a completed one too. With
    `Prefer: wait=N` the answer waits for its end."""
    key = idempotency_key(request)
    retry = partial(_retried, caller, job_id, key, items=items is not None)
    added = await to_thread.run_sync(retry)
    job, heeded = await held(caller.parts, job_id, caller.name, preferences(request))
    return job_answer(job or added.job, replay_header(added.replayed) | heeded)


def _retried(caller: Caller, job_id: str, key: str | None, *, items: bool) -> Added:
    queue = caller.parts.queue
    if key is not None:
        return queue.retry_once(job_id, caller.name, key, items=items)
    retry = queue.retry_items if items else queue.retry
    return Added(retry(job_id, caller.name))


@router.get("/{job_id}/events", response_model=list[EventView])
def list_events(
    caller: CallerDep, job_id: JobId, after: After = 0, limit: Limit = 1000
) -> Response:
    """What happened to the job, oldest first."""
    return _events(caller, job_id, after, limit, ())


@router.get("/{job_id}/metrics", response_model=list[EventView])
def list_metrics(
    caller: CallerDep, job_id: JobId, after: After = 0, limit: Limit = 1000
) -> Response:
    """The points of the job's curves: `data` holds a step and its values."""
    return _events(caller, job_id, after, limit, ("metric",))


@router.get("/{job_id}/logs", response_model=list[EventView])
def list_logs(caller: CallerDep, job_id: JobId, after: After = 0, limit: Limit = 1000) -> Response:
    """The lines the operation wrote for you."""
    return _events(caller, job_id, after, limit, ("log",))


def _events(
    caller: Caller, job_id: str, after: int, limit: int, kinds: tuple[str, ...]
) -> Response:
    found = caller.parts.queue.events(job_id, caller.name, after=after, kinds=kinds, limit=limit)
    return json_answer([_event(event) for event in found])


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.number,
        "event": event.kind,
        "at": moment(event.at),
        "data": event.data,
    }


@router.get("/{job_id}/shards", response_model=list[JobView])
def list_shards(caller: CallerDep, job_id: JobId) -> Response:
    """What the job was split into, in the order of its input; nothing for one that was not."""
    found = caller.parts.queue.shards(job_id, caller.name)
    estimates = caller.parts.queue.following.estimates(found)
    return json_answer([job_document(job, estimates.get(job.id, NO_ESTIMATE)) for job in found])


@router.get("/{job_id}/attempts", response_model=list[AttemptView])
def list_attempts(caller: CallerDep, job_id: JobId) -> Response:
    """The job's ended attempts, oldest first, and what each cost."""
    found = caller.parts.queue.attempts(job_id, caller.name)
    return json_answer([_attempt(number, one) for number, one in enumerate(found, 1)])


def _attempt(number: int, record: AttemptRecord) -> dict[str, Any]:
    return {
        "number": number,
        "host": record.host,
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "exit_reason": record.reason,
        "error": record.error,
        "peak_memory": record.peak_memory,
        "cpu_seconds": record.cpu_seconds,
    }
