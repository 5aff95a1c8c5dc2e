"""A job's events as they happen: each durable one once, in order, whatever becomes of the line."""

from enum import Enum
from typing import Final

import httpx2
import orjson

from headway.client.calls import HangUp, Hear, Listen, get, url_of
from headway.client.errors import NotFound
from headway.client.listening import SILENCE, Listening, is_stream
from headway.client.pace import Patience
from headway.client.polling import Polling, StreamEvent
from headway.client.session import PASSING, Session, refusal
from headway.client.turn import Flow, Give

_TOO_MANY_STREAMS: Final = {429}
"""Whoever polls needs none."""


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
        self._line = Listening(session)
        self._end = _End.CUT

    def events(self) -> Flow[None]:
        """Every event up to `complete`: from the stream, or by polling where no stream comes
        through."""
        yield from self._line.again(self._heard_all)
        if self._end is _End.USELESS:
            yield HangUp()
            patience = self._line.patience
            yield from Polling(self._session, self._job_id, self._last, patience).events()

    def _heard_all(self) -> Flow[bool]:
        """False where the line was cut."""
        self._end = yield from self._listen()
        return self._end is not _End.CUT

    def _listen(self) -> Flow[_End]:
        response = yield from self._opened()
        if response.status_code in PASSING - _TOO_MANY_STREAMS:
            raise refusal(response)
        if not is_stream(response):
            return _End.USELESS  # whoever polls hears the reason, if it is one of the job's
        end = _End.USELESS
        while (heard := (yield Hear())) is not None:
            end = _End.CUT
            self._line.heard(heard)
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
            self._last = number
            self._line.moved()
            return StreamEvent(heard.event, data, number)
        is_snapshot = heard.event in ("update", "complete")
        return StreamEvent(heard.event, data, None) if is_snapshot else None


def watch(
    session: Session, job_id: str, after: int | None, timeout: float | None = None
) -> Flow[None]:
    """A job's events. With a timeout, which a silent stream could not keep, they are looked for
    every few seconds; `StillRunning` is raised when it passes."""
    if timeout is None:
        return Watch(session, job_id, after).events()
    return Polling(session, job_id, after, Patience(session, timeout), timeout=timeout).events()
