"""How many requests this process is working on: beyond a bound it refuses at once.

Under overload somebody waits; the question is who. With everybody let in, all wait longer and
longer for answers that they have given up by then. So those beyond the bound are refused while
that still costs little: before anything is routed, checked or read.

Who waits for the client's bytes, or has its answer under way, costs the process nothing and is not
counted: neither slow senders nor open streams can take the places of others.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import monotonic
from typing import Final

from starlette.types import Message, Receive, Send

from headway.http.pace import Pace
from headway.http.turns import Turns

PLACE: Final = "headway.place"
"""Where a server that counts a request when it arrives leaves its place for the border."""


class InFlight:
    """Counts the requests under way. Requests of several event loops may come at a time."""

    def __init__(self, most: int) -> None:
        self.pace = Pace(most)
        self.turns = Turns()
        self.refused = 0
        self.answered = 0
        self._places: set[Place] = set()
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._places)

    @property
    def is_full(self) -> bool:
        """Whether the next one would be one too many. Those who wait for their turn are not at
        work, but will be."""
        return len(self._places) + self.turns.waiting >= self.pace.bound

    def has_room_for(self, credential: bytes) -> bool:
        """Whether one more is let in: as many again as fill it are kept for those who have less
        than their share."""
        total = len(self._places) + self.turns.waiting
        room = min(self.pace.most, 2 * self.pace.bound)
        return not self.is_full or (total < room and self.turns.has_share(credential))

    def add(self, place: "Place") -> None:
        """Count one more."""
        with self._lock:
            self._places.add(place)

    def remove(self, place: "Place") -> None:
        """Count one less."""
        with self._lock:
            self._places.remove(place)


class Place:
    """What one request takes: counted while we work on it and its answer has not begun."""

    __slots__ = ("_counted", "_ended", "_in_flight", "_seconds", "_since", "_user", "_waiting")

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._ended = False
        self._waiting = 0
        self._counted = False
        self._seconds = 0.0
        self._since = 0.0
        self._user: str | None = None
        self._settle()

    def introduce(self, credential: bytes, user: str) -> None:
        """See `Turns.introduce`."""
        self._in_flight.turns.introduce(credential, user)

    async def take_turn(self, user: str) -> None:
        """Wait until this user may have one more request at work. Raise `UserLimit`."""
        with self.aside():
            await self._in_flight.turns.take(user)
            self._user = user

    def end(self) -> None:
        """Give the place back. Ending twice is fine."""
        if not self._ended:
            self._ended = True
            self._in_flight.answered += 1
            crowd = self._in_flight.count
            self._settle()
            self._in_flight.pace.took(self._seconds, crowd, monotonic())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the place to others while something is waited for that costs us nothing."""
        self._waiting += 1
        self._settle()
        try:
            yield
        finally:
            self._waiting -= 1
            self._settle()

    def receiving(self, receive: Receive) -> Receive:
        """`receive`, with the place free while the client is waited for."""

        async def waiting() -> Message:
            with self.aside():
                return await receive()

        return waiting

    def sending(self, send: Send) -> Send:
        """`send`, with the place given back when the answer begins."""

        async def ending(message: Message) -> None:
            self.end()
            await send(message)

        return ending

    def _settle(self) -> None:
        counted = not (self._ended or self._waiting)
        if counted != self._counted:
            self._counted = counted
            now = monotonic()
            if counted:
                self._since = now
            else:
                self._seconds += now - self._since
            (self._in_flight.add if counted else self._in_flight.remove)(self)
            if self._user is not None:
                turns = self._in_flight.turns
                (turns.enter if counted else turns.leave)(self._user)


current: Final[ContextVar[Place | None]] = ContextVar("place", default=None)
"""The place of the request at hand."""


async def take_turn(user: str, credential: bytes) -> None:
    """Let the request at hand wait for this user's turn; see `Place.take_turn`."""
    place = current.get()
    if place is not None:
        if credential:
            place.introduce(credential, user)
        await place.take_turn(user)


def aside() -> AbstractContextManager[None]:
    """Leave the place of the request at hand to others; see `Place.aside`."""
    place = current.get()
    return nullcontext() if place is None else place.aside()
