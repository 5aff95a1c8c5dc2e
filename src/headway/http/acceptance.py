"""From a request for a job to a durable one."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import HeadwayError, InvalidInput
from headway.estimate import NO_ESTIMATE, Estimate
from headway.events.spans import traceparent
from headway.http.auth import Caller, json_answer
from headway.http.headers import Preferences, polling
from headway.http.in_flight import aside
from headway.http.parts import Parts
from headway.http.viewing import until_finished
from headway.ids import new_id
from headway.job import Job, Json
from headway.queue import JobRequest
from headway.store.values import Added, IdempotencyKey, Submission
from headway.wire.jobs import job_document, job_url

_SMALL: Final = 16_384
"""Inputs up to here are checked on the loop: a thread hop costs more than checking them."""


async def accept(request: Request, parts: Parts, wanted: JobRequest, *, below: str = "") -> Added:
    """Check the request and make it durable. `below` is the part of the job's request that the
    body stands for: mistakes are pointed to in the body, not in what we make of it."""
    try:
        submission = await _prepared(request, parts, wanted)
    except InvalidInput as error:
        error.errors = tuple((at.removeprefix(below), what) for at, what in error.errors)
        raise
    if (trace := traceparent.get()) is not None:
        submission = replace(submission, traceparent=trace)
    (added,) = await parts.intake.put([submission])
    if isinstance(added, Added):
        return added
    raise added


async def _prepared(request: Request, parts: Parts, wanted: JobRequest) -> Submission:
    size = request.headers.get("content-length", "")
    is_small = size.isascii() and size.isdigit() and len(size) < 6 and int(size) <= _SMALL
    if is_small and wanted.operation not in parts.referring:
        return parts.queue.prepare(wanted)
    return await to_thread.run_sync(parts.queue.prepare, wanted)


async def accept_all(parts: Parts, wanted: Sequence[JobRequest], key: str | None) -> list[Added]:
    """Make all the jobs durable in one transaction, or none of them."""
    mark = new_id()
    trace = traceparent.get()
    prepared = [
        replace(one, together=mark, traceparent=trace)
        for one in await to_thread.run_sync(_prepare_all, parts, wanted)
    ]
    answers = await parts.intake.put(prepared if key is None else _keyed(prepared, key))
    refused = next((one for one in answers if isinstance(one, HeadwayError)), None)
    added = [one for one in answers if isinstance(one, Added)]
    if refused is not None:
        # The key came with a shorter list before: what this one has beyond it is taken back.
        for one in added:
            if one.made:
                await to_thread.run_sync(parts.queue.cancel, one.job.id, one.job.owner)
        raise refused
    return added


def _prepare_all(parts: Parts, wanted: Sequence[JobRequest]) -> list[Submission]:
    prepared = []
    for number, one in enumerate(wanted):
        try:
            prepared.append(parts.queue.prepare(one))
        except InvalidInput as error:
            error.errors = tuple((f"/jobs/{number}{at}", what) for at, what in error.errors)
            raise
    return prepared


def _keyed(prepared: Sequence[Submission], key: str) -> list[Submission]:
    """Give each submission its share of the one key. The fingerprint is that of the whole list."""
    told = [(one.operation, one.priority, one.run_at, one.timeout, one.input) for one in prepared]
    rest = [(one.max_attempts, sorted(one.metadata.items())) for one in prepared]
    unique = [one.unique_key for one in prepared if one.unique_key is not None]
    fingerprint = sha256(repr((told, rest, *unique)).encode()).hexdigest()
    return [
        replace(
            one,
            idempotency=IdempotencyKey(
                scope=f"POST /api/v1/jobs/bulk#{number}", key=key, fingerprint=fingerprint
            ),
        )
        for number, one in enumerate(prepared)
    ]


EXISTING: Final = "An unfinished job with this unique key exists already"


def accepted(added: Added, message: str) -> dict[str, Json]:
    """What a submission is answered with, now and at each replay: nothing here ever changes."""
    job_id = added.job.id
    answer: dict[str, Json] = {
        "job_id": job_id,
        "status": "pending",
        "message": EXISTING if added.existing else message,
        "poll_url": job_url(job_id),
    }
    return answer | {"existing": True} if added.existing else answer


def replay_header(replayed: bool) -> dict[str, str]:
    """Says that the answer is that of an earlier request with the same key."""
    return {"Idempotent-Replayed": "true"} if replayed else {}


async def answer(
    caller: Caller, added: Added, message: str, status: HTTPStatus, wishes: Preferences
) -> Response:
    """The answer to a submission: at once, or with the finished job when the client would wait."""
    job = added.job
    headers = {"Location": job_url(job.id), **replay_header(added.replayed)}
    if wishes.wait is not None:
        headers["Preference-Applied"] = f"wait={wishes.wait}"
        job = await wait_for(caller.parts, job.id, caller.name, wishes.wait)
        if job.status.finished:
            return job_answer(job, headers)
    if wishes.respond_async:
        headers.setdefault("Preference-Applied", "respond-async")
        status = HTTPStatus.ACCEPTED
    return json_answer(accepted(added, message), status, headers=headers)


async def wait_for(parts: Parts, job_id: str, owner: str, seconds: float) -> Job:
    """The owner's job once it has ended, or as it is after so many seconds."""
    with aside():
        return await until_finished(parts.queue, parts.feed, job_id, owner, seconds=seconds)


def job_answer(
    job: Job, headers: dict[str, str] | None = None, estimate: Estimate = NO_ESTIMATE
) -> Response:
    """A job in full, with what a client needs to ask for it again."""
    extra = polling(job.version, job.status) | (headers or {})
    return json_answer(job_document(job, estimate), headers=extra)
