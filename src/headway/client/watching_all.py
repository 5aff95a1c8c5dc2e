"""The events of all of a user's jobs as they happen, on one line that is opened anew when it is cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

from headway.client.calls import Hear, Listen, get
from headway.client.errors import UnexpectedAnswer
from headway.client.listening import SILENCE, Listening, is_stream
from headway.client.session import Session, refusal
from headway.client.turn import Flow, Give


@dataclass(frozen=True, slots=True)
class JobsEvent:
    """One event of one of the user's jobs, or `ready`: what follows is new."""

    name: str
    """`ready`, `update`, `progress`, `metric`, `log`, `items`, `checkpoint`, `complete` and more."""
    data: Mapping[str, Any]
    """With `job_id`, but for `ready`."""
    cursor: str | None
    """Where to go on after this event; None for what is no part of the history."""


class WatchAll:
    """One viewer's place in the history of all of his jobs."""

    def __init__(self, session: Session, after: str | None) -> None:
        self._session = session
        self._last = after
        self._line = Listening(session)

    def events(self) -> Flow[None]:
        """Every event since the cursor, without an end."""
        return self._line.again(self._listen)

    def _listen(self) -> Flow[bool]:
        headers = {} if self._last is None else {"Last-Event-ID": self._last}
        call = get("/api/v1/jobs/stream", headers=headers, timeout=SILENCE)
        response = yield from self._session.authorized(lambda token: Listen(call, token))
        if not response.is_success:
            raise refusal(response)
        if not is_stream(response):
            raise UnexpectedAnswer(
                "expected a stream of events, got another answer: ask for jobs()"
            )
        while (heard := (yield Hear())) is not None:
            self._line.heard(heard)
            if heard.data:
                yield Give(self._read(heard))
        return False

    def _read(self, heard: httpx2.ServerSentEvent) -> JobsEvent:
        # In an event stream an id holds until the next one: an event that only repeats it has none.
        cursor = heard.id if heard.id and heard.id != self._last else None
        if cursor is not None:
            self._last = cursor
            self._line.moved()
        return JobsEvent(heard.event, orjson.loads(heard.data), cursor)
