"""A job's events as they happen: each durable one once, in order, whatever becomes of the line."""

from enum import Enum
from typing import Final

import httpx2
import orjson

from headway.client.calls import HangUp, Hear, Listen, get, url_of
from headway.client.errors import ClientError, NotFound
from headway.client.pace import OUTAGE, Patience
from headway.client.polling import Polling, StreamEvent
from headway.client.retry.trial import Wait
from headway.client.session import FOREIGN, OUTAGES, Session, client_error, refusal
from headway.client.turn import Flow, Give

SILENCE: Final = 40.0
"""Seconds without a word after which a line is dead: the service gives a sign every 15."""


class _End(Enum):
    """How a line to the stream ended."""

    COMPLETE = "the job has ended"
    CUT = "in the middle: connect again"
    USELESS = "streams do not come through here"


class Watch:
    """One viewer's place in one job's life."""

    def __init__(self, session: Session, job_id: str, after: int | None) -> None:
        self._session = session
        self._job_id = job_id
        self._last = after
        self._patience = Patience(session)
        self._pause = OUTAGE.first()

    def events(self) -> Flow[None]:
        """Every event up to `complete`: from the stream, or by polling where no stream comes
        through."""
        while True:
            yield HangUp()
            try:
                end = yield from self._listen()
            except FOREIGN as error:
                yield self._patience.outlast(client_error(error))
                continue
            except ClientError as error:
                yield self._patience.outlast(error)
                continue
            if end is _End.COMPLETE:
                return
            if end is _End.USELESS:
                yield HangUp()
                yield from Polling(self._session, self._job_id, self._last, self._patience).events()
                return
            yield Wait(self._pause)
            self._pause = OUTAGE.next(self._pause)

    def _listen(self) -> Flow[_End]:
        response = yield from self._opened()
        if response.status_code in OUTAGES:
            raise refusal(response)
        if not _is_stream(response):
            return _End.USELESS  # whoever polls hears the reason, if it is one of the job's
        end = _End.USELESS
        while (heard := (yield Hear())) is not None:
            end = _End.CUT
            self._patience.restored()
            event = self._read(heard)
            if event is not None:
                yield Give(event)
                if event.name == "complete":
                    return _End.COMPLETE
        return end

    def _opened(self) -> Flow[httpx2.Response]:
        """The answer to a request for the stream, from the last event on."""
        headers = {} if self._last is None else {"Last-Event-ID": str(self._last)}
        call = get(f"{url_of(self._job_id)}/stream", headers=headers, timeout=SILENCE)
        return self._session.authorized(lambda token: Listen(call, token))

    def _read(self, heard: httpx2.ServerSentEvent) -> StreamEvent | None:
        """The event as ours; None for what was given before, and for what is none."""
        if not heard.data:
            return None
        data = orjson.loads(heard.data)
        if heard.event == "error":
            raise NotFound(404, str(data.get("error", "Job not found")), "not_found")
        # In an event stream an id holds until the next one: an event that only repeats it has none.
        number = int(heard.id) if heard.id.isdecimal() else None
        if number is not None and (self._last is None or number > self._last):
            self._last, self._pause = number, OUTAGE.first()
            return StreamEvent(heard.event, data, number)
        is_snapshot = heard.event in ("update", "complete")
        return StreamEvent(heard.event, data, None) if is_snapshot else None


def _is_stream(response: httpx2.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.is_success and kind == "text/event-stream"


def watch(
    session: Session, job_id: str, after: int | None, timeout: float | None = None
) -> Flow[None]:
    """A job's events. With a timeout, which a silent stream could not keep, they are looked for
    every few seconds; `StillRunning` is raised when it passes."""
    if timeout is None:
        return Watch(session, job_id, after).events()
    return Polling(session, job_id, after, Patience(session), timeout=timeout).events()
