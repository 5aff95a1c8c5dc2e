"""A job's events for who cannot have the stream: looked for now and then, at the price of a 304."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headway.client.calls import get, url_of
from headway.client.errors import ClientError
from headway.client.pace import POLLING, Patience, still_running
from headway.client.retry.trial import Wait
from headway.client.session import Session, document
from headway.client.turn import Flow, Give

PAGE: Final = 1000
FINISHED: Final = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a job's life."""

    name: str
    """`update`, `metric`, `log`, `items`, `checkpoint` or `complete`."""
    data: Mapping[str, Any]
    id: int | None
    """Counts from 1 within the job; None for a snapshot of the present, of which there may be any
    number."""


class Polling:
    """One viewer's place in one job's life, without a stream."""

    def __init__(
        self,
        session: Session,
        job_id: str,
        after: int | None,
        patience: Patience,
        *,
        timeout: float | None = None,
    ) -> None:
        self._session = session
        self._job_id = job_id
        self._url = url_of(job_id)
        self._last = after
        self._patience = patience
        self._etag: str | None = None
        self._wait = POLLING.first()
        self._timeout = timeout
        self._began = session.retrier.clock.monotonic()

    def events(self) -> Flow[None]:
        """Every event up to `complete`."""
        while True:
            try:
                asked, ended = yield from self._look()
            except ClientError as error:
                yield self._patience.outlast(error)
                continue
            if ended:
                return
            self._patience.restored()
            yield Wait(self._bounded(max(self._wait, asked)))

    def _bounded(self, wait: float) -> float:
        """The wait, or what is left of the timeout. Raise `StillRunning` if that is nothing."""
        if self._timeout is None:
            return wait
        left = self._began + self._timeout - self._session.retrier.clock.monotonic()
        if left <= 0:
            raise still_running(self._job_id, self._timeout)
        return min(wait, left)

    def _look(self) -> Flow[tuple[float, bool]]:
        """Tell what is new; the seconds the service asks to be left alone, and whether that was all."""
        headers = {} if self._etag is None else {"If-None-Match": self._etag}
        response = yield from self._session.answer(get(self._url, headers=headers))
        asked = self._session.wait_asked_by(response)
        if response.status_code == 304:
            self._wait = POLLING.next(self._wait)
            return asked, False
        job = document(response)
        ended = yield from self._tell(job)
        # Only now: had something failed before, the next look must show it again.
        self._etag = response.headers.get("etag")
        self._wait = POLLING.first()
        return asked, ended

    def _tell(self, job: Mapping[str, Any]) -> Flow[bool]:
        is_finished = job["status"] in FINISHED
        if self._last is None:
            yield from self._skip_history()
        fresh = yield from self._fresh()
        # The event that ended the job is told by `complete`, with the job as it is then.
        closing = fresh.pop() if fresh and _ends(fresh[-1]) else None
        for one in fresh:
            self._last = one["id"]
            yield Give(self._event(one, job))
        if not any(one["event"] == "status" for one in fresh) or is_finished:
            yield Give(StreamEvent("update", self._update(job["status"], job), None))
        if is_finished:
            outcome = {name: job[name] for name in ("status", "result", "error")}
            yield Give(StreamEvent("complete", outcome, closing["id"] if closing else None))
        return is_finished

    def _skip_history(self) -> Flow[None]:
        self._last = 0
        for one in (yield from self._fresh()):
            if not _ends(one):
                self._last = one["id"]

    def _fresh(self) -> Flow[list[dict[str, Any]]]:
        found: list[dict[str, Any]] = []
        after = self._last
        while True:
            call = get(f"{self._url}/events", params={"after": after, "limit": PAGE})
            page: Sequence[dict[str, Any]] = document((yield from self._session.answer(call)))
            found += page
            if len(page) < PAGE:
                return found
            after = page[-1]["id"]

    def _event(self, one: Mapping[str, Any], job: Mapping[str, Any]) -> StreamEvent:
        if one["event"] == "status":
            return StreamEvent("update", self._update(one["data"]["status"], job), one["id"])
        return StreamEvent(one["event"], {"at": one["at"], **one["data"]}, one["id"])

    def _update(self, status: str, job: Mapping[str, Any]) -> dict[str, Any]:
        return {"status": status, "progress": job["progress"], "job_id": self._job_id}


def _ends(event: Mapping[str, Any]) -> bool:
    return event["event"] == "status" and event["data"]["status"] in FINISHED
