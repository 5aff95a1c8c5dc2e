"""What a user can ask of the service, each as a flow: requests go out of it, answers come in, and it
returns what the caller wants. Both clients turn these; neither knows more than that."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypedDict

from pydantic import TypeAdapter

from headway.client.calls import Call, Progress, Renew, Upload, get, post, url_of
from headway.client.errors import (
    AlreadyFinished,
    ClientError,
    JobCancelled,
    JobFailed,
    NotFinished,
    NotReady,
)
from headway.client.pace import POLLING, Patience, still_running
from headway.client.reading import asked, next_page, read_as
from headway.client.retry.trial import Wait
from headway.client.session import Session
from headway.client.turn import Flow, Give
from headway.job import Status
from headway.wire.catalog import FileView, OperationView
from headway.wire.imports import ImportAccepted
from headway.wire.jobs import AttemptView, EventView, JobView, ResultsPage
from headway.wire.predictions import PredictAnswer
from headway.wire.submissions import Accepted
from headway.wire.users import UserView

LONGEST_WAIT: Final = 25
"""Seconds that one request waits for a job's end; the service allows 30."""
PAGE: Final = 1000


class JobOptions(TypedDict, total=False):
    """How a job is to be run, apart from what it is to do."""

    priority: int | str
    """0 runs first, 9 last; or `urgent`, `high`, `normal`, `low`."""
    run_at: datetime
    timeout: float
    max_attempts: int
    metadata: Mapping[str, Any]
    unique_key: str
    """While a job of this type and key is unfinished, it is the answer, and no second one is made."""


_JOB: Final = TypeAdapter(JobView)
_JOBS: Final = TypeAdapter(list[JobView])
_EVENTS: Final = TypeAdapter(list[EventView])
_ATTEMPTS: Final = TypeAdapter(list[AttemptView])
_RESULTS: Final = TypeAdapter(ResultsPage)
_ACCEPTED: Final = TypeAdapter(Accepted)
_FILE: Final = TypeAdapter(FileView)
_IMPORT: Final = TypeAdapter(ImportAccepted)
_PREDICTION: Final = TypeAdapter(PredictAnswer)
_USER: Final = TypeAdapter(UserView)
_OPERATIONS: Final = TypeAdapter(list[OperationView])


def given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def sign_in(session: Session) -> Flow[str]:
    """The user's token."""
    if session.token is None:
        yield Renew(None)
    return session.token or ""


def me(session: Session) -> Flow[UserView]:
    """Who the user is."""
    return asked(session, get("/api/v1/users/me"), _USER)


def predict(session: Session, text: str, model: str | None) -> Flow[PredictAnswer]:
    """One text, classified at once."""
    body = {"text": text} if model is None else {"text": text, "model": model}
    return asked(session, post("/api/v1/predict", body), _PREDICTION)


def submit(
    session: Session,
    job_type: str,
    request: Mapping[str, Any],
    options: JobOptions,
    key: str | None,
) -> Flow[str]:
    """A durable job; its id."""
    body = {"job_type": job_type, "input": request, **options}
    accepted = yield from asked(session, post("/api/v1/jobs", body, key=key), _ACCEPTED)
    return accepted.job_id


def import_csv(
    session: Session,
    file: Path | None,
    options: Mapping[str, Any],
    progress: Progress | None,
    key: str | None,
) -> Flow[str]:
    """A CSV file on the server, and the job that reads it; the job's id."""
    upload = None if file is None else Upload(file, progress)
    call = post("/imports", key=key, params=options, upload=upload)
    accepted = yield from asked(session, call, _IMPORT)
    return accepted.task_id


def upload(session: Session, file: Path, progress: Progress | None) -> Flow[FileView]:
    """A file on the server, for jobs to name."""
    call = post("/api/v1/files", upload=Upload(file, progress))
    return asked(session, call, _FILE)


def operations(session: Session) -> Flow[list[OperationView]]:
    """Everything jobs can run."""
    return asked(session, get("/api/v1/operations"), _OPERATIONS)


def jobs(session: Session, statuses: Iterable[Status | str], job_type: str | None) -> Flow[None]:
    """The user's jobs, newest first, page by page."""
    params = {"status": [str(one) for one in statuses] or None, "job_type": job_type, "limit": 100}
    call: Call | None = get("/api/v1/jobs", params=params)
    while call is not None:
        response = yield from session.answer(call)
        for one in read_as(_JOBS, response):
            yield Give(one)
        call = next_page(response)


def job(session: Session, job_id: str) -> Flow[JobView]:
    """The job as it is now."""
    return asked(session, get(url_of(job_id)), _JOB)


def waited(session: Session, job_id: str, timeout: float | None) -> Flow[JobView]:
    """The job once it has ended. Raise `StillRunning` if that takes longer than the timeout."""
    clock = session.retrier.clock
    deadline = None if timeout is None else clock.monotonic() + timeout
    outage = Patience(session)
    while True:
        left = LONGEST_WAIT if deadline is None else deadline - clock.monotonic()
        wait = max(0, min(LONGEST_WAIT, int(left)))
        call = get(url_of(job_id), headers={"Prefer": f"wait={wait}"}, timeout=wait + 15)
        try:
            found = yield from asked(session, call, _JOB)
        except ClientError as error:
            yield outage.outlast(error)
            continue
        outage.restored()
        if found.status.finished:
            return found
        if deadline is not None and clock.monotonic() >= deadline:
            raise still_running(job_id, timeout or 0.0)
        if wait < 1:
            yield Wait(max(0.0, min(0.2, left)))


def outcome(ended: JobView) -> Any:
    """The result of a job that has completed. Raise `JobFailed` or `JobCancelled`."""
    if ended.status is Status.COMPLETED:
        return ended.result
    if ended.status is Status.CANCELLED:
        raise JobCancelled(ended.job_id, f"{ended.job_type} was cancelled")
    raise JobFailed(ended.job_id, f"{ended.job_type} failed: {ended.error}")


def cancel(session: Session, job_id: str) -> Flow[None]:
    """The job is cancelled. Raise `AlreadyFinished` if it has ended otherwise."""
    try:
        yield from session.answer(Call("DELETE", url_of(job_id)))
    except AlreadyFinished:
        # A repeat, after an answer that was lost, finds what the first one did.
        found = yield from job(session, job_id)
        if found.status is not Status.CANCELLED:
            raise


def retry(session: Session, job_id: str, *, failed_items: bool) -> Flow[JobView]:
    """New attempts for a job that has failed or was cancelled."""
    params = {"items": "failed"} if failed_items else {}
    try:
        return (yield from asked(session, post(f"{url_of(job_id)}/retry", params=params), _JOB))
    except NotFinished as error:
        if not error.attempts:
            raise
        return (yield from job(session, job_id))  # the first attempt did it, its answer was lost


def results(
    session: Session, job_id: str, cursor: int, status: str | None, *, follow: bool
) -> Flow[None]:
    """Results of single items from index `cursor` on; with `follow` until the job has ended."""
    outage = Patience(session)
    wait = POLLING.first()
    while True:
        params = {"cursor": cursor, "limit": PAGE, "status": status}
        call = get(f"{url_of(job_id)}/results", params=params)
        try:
            page = yield from asked(session, call, _RESULTS)
        except ClientError as error:
            yield outage.outlast(error)
            continue
        outage.restored()
        for item in page.items:
            yield Give(item)
        moved, cursor = page.next_cursor > cursor, page.next_cursor
        if page.complete or not (moved or follow):
            return
        wait = POLLING.first() if moved else POLLING.next(wait)
        if len(page.items) < PAGE:
            yield Wait(wait)


def history(session: Session, job_id: str, name: str) -> Flow[None]:
    """What happened to the job: all of it, or its metrics or log lines."""
    after = 0
    while True:
        call = get(f"{url_of(job_id)}/{name}", params={"after": after, "limit": PAGE})
        page = yield from asked(session, call, _EVENTS)
        for one in page:
            yield Give(one)
        if len(page) < PAGE:
            return
        after = page[-1].id


def attempts(session: Session, job_id: str) -> Flow[list[AttemptView]]:
    """The job's ended attempts, and what each cost."""
    return asked(session, get(f"{url_of(job_id)}/attempts"), _ATTEMPTS)


def ready(session: Session, seconds: float) -> Flow[None]:
    """Return once the service can take jobs and run them. Raise `ClientError` if that lasts."""
    clock = session.retrier.clock
    deadline = clock.monotonic() + seconds
    while True:
        try:
            yield from session.once(Call("GET", "/readyz", open_to_all=True, timeout=5.0))
            return
        except ClientError as error:
            if clock.monotonic() >= deadline:
                raise NotReady(
                    f"expected the service to be ready within {seconds:g} s, got: {error}"
                ) from error
        yield Wait(0.05)
