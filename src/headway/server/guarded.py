"""Connections that count a request when it arrives, and refuse it there when there are too many.

The application sees a request only when the loop comes to its task. By then a thousand may have
been read in the same turn of the loop, each let in because the others were not counted yet.
"""

from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from headway.http.border import ALWAYS_ANSWERED
from headway.http.in_flight import PLACE, InFlight, Place
from headway.server.connection import BoundedConnection
from headway.server.cooldown import Cooldown
from headway.server.fast_refusal import FastRefusal, credential_of, refusal_of


class GuardedConnection(BoundedConnection):
    """One connection of a server whose requests in flight are bounded."""

    in_flight: ClassVar[InFlight]
    _fast_refusal: ClassVar[FastRefusal]
    _cooldown: ClassVar[Cooldown]
    _between = True
    """Whether the next byte begins a request."""

    @classmethod
    def of(cls, in_flight: InFlight) -> type["GuardedConnection"]:
        """The connections of the server that these requests are in flight of."""
        own = {
            "in_flight": in_flight,
            "_fast_refusal": FastRefusal(),
            "_cooldown": Cooldown(in_flight),
        }
        return type(cls.__name__, (cls,), own)

    def data_received(self, data: bytes) -> None:
        """Let the request in, or answer it here and now."""
        if not (self.in_flight.is_full and self._is_idle and self._refused(data)):
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Bytes belong to this request from now on."""
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The next byte begins another one."""
        self._between = True
        super().on_message_complete()

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is being read, answered or written here."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        answered = cycle is None or cycle.response_complete
        return self._between and answered and not self.flow.write_paused

    def _refused(self, data: bytes) -> bool:
        """Refuse the requests that these bytes are; False where they are not that simple."""
        paths = self._fast_refusal.whole_requests(data)
        if self.in_flight.has_room_for(credential_of(data)):
            return False
        bound = self.in_flight.pace.bound
        for path in paths:
            self.transport.write(refusal_of(path, data, bound))
        if paths:
            self.in_flight.refused += len(paths)
            self._stop_beginning()
            self._unset_keepalive_if_required()  # what is not read from is not idle
            self.flow.pause_reading()
            self._cooldown.rest(self._listen_again, self.loop)
        return bool(paths)

    def _listen_again(self) -> None:
        self.on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Give the request its place; one that gets none is refused by the border, in words that
        fit it."""
        scope: Any = cycle.scope
        asks = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if scope["path"] not in ALWAYS_ANSWERED and self.in_flight.has_room_for(asks):
            scope[PLACE] = Place(self.in_flight)
        super()._start_asgi_task(cycle, app)
