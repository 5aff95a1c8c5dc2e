"""From a request for a job to a durable one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import HeadwayError, InvalidInput, UnknownArtifact
from headway.estimate import NO_ESTIMATE, Estimate
from headway.events.spans import traceparent
from headway.http.auth import Caller
from headway.http.headers import Preferences, polling
from headway.http.json_answer import json_answer
from headway.http.parts import Parts
from headway.http.waiting import held
from headway.ids import new_id
from headway.job import Job, Json, Status
from headway.job_request import JobRequest, later_parts
from headway.mistakes import summary
from headway.store.values.submission import Added, IdempotencyKey, Submission
from headway.wire.jobs import job_document, job_url

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_SMALL: Final = 16_384
"""Inputs up to here are checked on the loop: a thread hop costs more than checking them."""


async def accept(request: Request, parts: Parts, wanted: JobRequest, *, below: str = "") -> Added:
    """Check the request and make it durable. `below` is the part of the job's request that the
    body stands for: mistakes are pointed to in the body, not in what we make of it."""
    try:
        submission = await _prepared(request, parts, wanted)
    except InvalidInput as error:
        if isinstance(error, UnknownArtifact) and (again := await earlier(parts, wanted)):
            return again
        raise _pointed(error, lambda at: at.removeprefix(below)) from None
    return await made(parts, submission)


def _pointed(error: InvalidInput, move: Callable[[str], str]) -> InvalidInput:
    """The error with pointers that were moved, where its sentence names them too."""
    found = tuple((move(at), what) for at, what in error.errors)
    error.args = (str(error).replace(summary(error.errors, "/input"), summary(found)),)
    error.errors = found
    return error


async def earlier(parts: Parts, wanted: JobRequest) -> Added | None:
    """What was made under the request's key before, if it has one: what it names may be gone, or
    changed by the very job that was made."""
    if wanted.idempotency_key is None:
        return None
    queue = parts.queue
    found = await to_thread.run_sync(lambda: queue.replayed([queue.asked(wanted)]))
    return None if found is None else found[0]


async def made(parts: Parts, submission: Submission) -> Added:
    """Make a checked submission durable. Raise what refused it."""
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
    try:
        prepared = await to_thread.run_sync(_prepare_all, parts, wanted)
    except UnknownArtifact:
        again = None if key is None else await to_thread.run_sync(_all_earlier, parts, wanted, key)
        if again is None:
            raise
        return again
    if key is not None:
        prepared = _keyed(prepared, wanted, key)
    mark = new_id()
    trace = traceparent.get()
    answers = await parts.intake.put(
        [replace(one, together=mark, traceparent=trace) for one in prepared]
    )
    refused = next((one for one in answers if isinstance(one, HeadwayError)), None)
    if refused is not None:
        raise refused
    return [one for one in answers if isinstance(one, Added)]


def _prepare_all(parts: Parts, wanted: Sequence[JobRequest]) -> list[Submission]:
    prepared = []
    for number, one in enumerate(wanted):
        try:
            prepared.append(parts.queue.prepare(one))
        except InvalidInput as error:
            raise _pointed(error, f"/jobs/{number}{{}}".format) from None
    return prepared


def _all_earlier(parts: Parts, wanted: Sequence[JobRequest], key: str) -> list[Added] | None:
    try:
        asked = [parts.queue.asked(one) for one in wanted]
    except InvalidInput:  # the first mistake is the one that is told
        return None
    return parts.queue.replayed(_keyed(asked, wanted, key))


def _keyed(
    prepared: Sequence[Submission], wanted: Sequence[JobRequest], key: str
) -> list[Submission]:
    """Give each submission its share of the one key. The fingerprint is that of the whole list."""
    told = [(one.operation, one.priority, one.run_at, one.timeout, one.input) for one in prepared]
    rest = [(one.max_attempts, sorted(one.metadata.items())) for one in prepared]
    later = [
        # A unique key stands without its place, as in keys that are kept already.
        part if isinstance(part, str) else (number, part)
        for number, one in enumerate(wanted)
        for part in later_parts(one)
    ]
    fingerprint = sha256(repr((told, rest, *later)).encode()).hexdigest()
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
    ended, heeded = await held(caller.parts, job.id, caller.name, wishes)
    headers |= heeded
    if ended is not None and ended.status.finished:
        return job_answer(ended, headers)
    if wishes.respond_async:
        headers.setdefault("Preference-Applied", "respond-async")
        status = HTTPStatus.ACCEPTED
    return json_answer(accepted(added, message), status, headers=headers)


def job_answer(
    job: Job, headers: Mapping[str, str] = NO_HEADERS, estimate: Estimate = NO_ESTIMATE
) -> Response:
    """A job in full, with what a client needs to ask for it again."""
    return json_answer(job_document(job, estimate), headers=polled(job, headers))


def polled(job: Job, headers: Mapping[str, str] = NO_HEADERS) -> dict[str, str]:
    """These headers, and those of an answer with the job that may be asked for again."""
    return polling(job.version, job.status) | dict(headers)


def unchanged(version: int, status: Status, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Says that the client has the job as it is."""
    return Response(status_code=304, headers=polling(version, status) | dict(headers))
