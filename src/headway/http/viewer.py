"""What every viewer does: shows what is new while nothing lies before it, else reads for himself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.types import Message

from headway.events.hub import Listener
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import News, Place, step

PING_SECONDS: Final = 15.0
READERS: Final = 2
"""Viewers of one event loop whose history is read at a time. A hundred that have missed something
at the same moment would be forty threads, and the loop would wait for each of them."""

T = TypeVar("T")
_readers: Final[RunVar[CapacityLimiter]] = RunVar("headway.readers")


class Viewer(ABC):
    """One viewer's place in what happens. Each durable event is shown once, in order.

    He is present, and shown the news as they come; or behind, and shown page after page of what
    was kept, until he is present again. Made on the running loop; he must be closed."""

    def __init__(self, feed: Feed, listener: Listener[News], place: Place) -> None:
        self._feed = feed
        # Listening begins before the first read: what happens in between is heard twice, not never.
        self._listener = listener
        self._write: Callable[[Iterable[Message]], bool] | None = None
        self._place = place
        self._behind = False

    def attach(self, write: Callable[[Iterable[Message]], bool]) -> None:
        """Have news written by `write`, encoded, while `next` waits, which then need not return for
        them. It answers False for what it leaves to `next`."""
        self._write = write
        self._listener.sink = self._pass_on

    def wake(self) -> None:
        """Make `next` return."""
        self._listener.wake()

    def end(self) -> None:
        """Make `next` return None: the viewer has left."""
        self._listener.end()

    def close(self) -> None:
        """Stop listening. Closing twice is fine."""
        self._feed.leave(self._listener)

    @abstractmethod
    async def open(self, after: str | None) -> list[Frame]:
        """What to show first.

        `after` names the last event that the viewer has; None, or what names none, shows the
        present alone.
        """

    async def next(self) -> list[Frame] | None:
        """What to show next; empty when it is time for a sign of life, None at the end."""
        while not self._behind:
            taken = await self._listener.take(PING_SECONDS)
            if self._listener.closed:
                return None
            forward = step(self._place, taken)
            if self._listener.missed() or forward.is_behind:
                break
            self._place = forward.place
            if forward.frames or not taken:
                return forward.frames
        return None if self._listener.closed else await self._catch_up()

    @abstractmethod
    async def _catch_up(self) -> list[Frame]:
        """A page of what was kept past his place; after the last one, the present."""

    def _pass_on(self, news: News) -> bool:
        """Write the news, if nothing lies before them and nothing ends with them."""
        if self._write is None or self._behind:
            return False
        forward = news.step_from(self._place)
        if forward.is_behind or forward.is_last:
            return False
        if forward.frames and not self._write(forward.pieces):
            return False
        self._place = forward.place
        return True


async def read(look: Callable[[], T]) -> T:
    """What it gives, from a thread, when it is this viewer's turn."""
    limiter = _readers.get(None)
    if limiter is None:
        _readers.set(limiter := CapacityLimiter(READERS))
    return await to_thread.run_sync(look, limiter=limiter)
