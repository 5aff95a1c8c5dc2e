"""What a user can ask of one job, each as a flow. See `headway.client.flow`."""

from typing import Any, Final

from pydantic import TypeAdapter

from headway.client.calls import Call, get, post, url_of
from headway.client.errors import AlreadyFinished, ClientError, JobCancelled, JobFailed
from headway.client.pace import POLLING, Patience, still_running
from headway.client.reading import asked
from headway.client.retry.trial import Wait
from headway.client.session import Session
from headway.client.turn import Flow, Give
from headway.job import Status
from headway.wire.jobs import AttemptView, EventView, JobView, ResultsPage

LONGEST_WAIT: Final = 25
"""Seconds that one request waits for a job's end; the service allows 30."""
PAGE: Final = 1000

_JOB: Final = TypeAdapter(JobView)
_EVENTS: Final = TypeAdapter(list[EventView])
_ATTEMPTS: Final = TypeAdapter(list[AttemptView])
_RESULTS: Final = TypeAdapter(ResultsPage)


def job(session: Session, job_id: str) -> Flow[JobView]:
    """The job as it is now."""
    return asked(session, get(url_of(job_id)), _JOB)


def waited(session: Session, job_id: str, timeout: float | None) -> Flow[JobView]:
    """The job once it has ended. Raise `StillRunning` if that takes longer than the timeout,
    or the error of an outage that lasts as long."""
    clock = session.retrier.clock
    deadline = None if timeout is None else clock.monotonic() + timeout
    outage = Patience(session, timeout)
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
    return asked(session, post(f"{url_of(job_id)}/retry", params=params), _JOB)


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
