"""What a user can ask of the service, each as a flow: requests go out of it, answers come in, and it
returns what the caller wants. Both clients turn these; neither knows more than that."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypedDict

from pydantic import TypeAdapter

from headway.client.calls import Call, Progress, Renew, Upload, get, post
from headway.client.errors import ClientError, NotReady
from headway.client.reading import asked, next_page, read_as
from headway.client.retry.trial import Wait
from headway.client.session import Session
from headway.client.turn import Flow, Give
from headway.job import Status
from headway.wire.catalog import FileView, OperationView
from headway.wire.imports import ImportAccepted
from headway.wire.jobs import JobView
from headway.wire.predictions import PredictAnswer
from headway.wire.submissions import Accepted, BulkAccepted
from headway.wire.users import TicketAnswer, UserView


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


_JOBS: Final = TypeAdapter(list[JobView])
_ACCEPTED: Final = TypeAdapter(Accepted)
_BULK: Final = TypeAdapter(BulkAccepted)
_TICKET: Final = TypeAdapter(TicketAnswer)
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


def sign_out(session: Session) -> Flow[None]:
    """The end of the token, for everybody who has it; without one there is nothing to end."""
    if session.token is not None:
        yield from session.answer(post("/api/v1/logout"))
        session.token = None


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


def submit_many(
    session: Session, wishes: Iterable[Mapping[str, Any]], key: str | None
) -> Flow[list[str]]:
    """Durable jobs, all of them or none; their ids."""
    call = post("/api/v1/jobs/bulk", {"jobs": list(wishes)}, key=key)
    accepted = yield from asked(session, call, _BULK)
    return [one.job_id for one in accepted.jobs]


def ticket(session: Session) -> Flow[TicketAnswer]:
    """A ticket for one WebSocket. Each is another one, so a repeated request does no harm."""
    return asked(session, post("/api/v1/tickets"), _TICKET)


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
