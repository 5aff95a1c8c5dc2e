"""What a viewer of all his jobs sees: history from where he left off, the present, then the news."""

from collections.abc import Callable, Sequence
from typing import Final

from anyio import to_thread
from starlette.types import Message

from headway.estimate import NO_ESTIMATE
from headway.http import frames
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import News, arrived
from headway.http.viewing import PING_SECONDS
from headway.job import Status
from headway.queue import Queue
from headway.store.values import JobQuery

_LOOKED_AT: Final = 100
"""Of the jobs that wait those are shown at first that are among so many newest ones."""


class OwnerView:
    """One viewer's place in the history of all jobs of an owner. Each durable event is shown once,
    in the order of commits.

    Made on the running loop; it must be closed."""

    def __init__(self, queue: Queue, feed: Feed, positions: Cursors, owner: str) -> None:
        self._queue = queue
        self._feed = feed
        self._positions = positions
        self._owner = owner
        # Listening begins before the first read: what happens in between is heard twice, not never.
        self._listener = feed.watch_all(owner)
        self._write: Callable[[Message], bool] | None = None
        self._sent = 0
        self._behind = False

    def attach(self, write: Callable[[Message], bool]) -> None:
        """See `View.attach`."""
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

    async def open(self, after: str | None) -> list[Frame]:
        """What to show first.

        `after` is the cursor of the last event the viewer has; None, or one that is none of ours,
        shows the present alone.
        """
        place = None if after is None else self._positions.read(after)
        last = await to_thread.run_sync(self._queue.last_position)
        if place is not None and place <= last:
            self._sent, self._behind = place, True
            return await self._page()
        self._sent = last
        return await to_thread.run_sync(self._present)

    async def next(self) -> list[Frame] | None:
        """What to show next; empty when it is time for a sign of life, None at the end."""
        while not self._behind:
            taken = await self._listener.take(PING_SECONDS)
            if self._listener.closed:
                return None
            self._behind = self._listener.missed()
            fresh = self._fresh(arrived(taken))
            if fresh or not (taken or self._behind):
                return fresh
        return await self._page()

    def _pass_on(self, news: News) -> bool:
        if self._write is None or self._behind:
            return False
        sent = self._sent
        fresh = self._fresh(news.frames)
        if fresh and not self._write(frames.chunk(fresh)):
            self._sent = sent
            return False
        return True

    def _fresh(self, told: Sequence[Frame]) -> list[Frame]:
        fresh = [one for one in told if one.number is None or one.number > self._sent]
        self._sent = max([self._sent, *(one.number or 0 for one in fresh)])
        return fresh

    async def _page(self) -> list[Frame]:
        """A piece of the history; after the last one, the present."""
        shown: list[Frame] = []
        while self._behind and not shown and not self._listener.closed:
            shown = await to_thread.run_sync(self._stretch)
        return shown

    def _stretch(self) -> list[Frame]:
        stretch = self._queue.happened([self._owner], after=self._sent)
        self._sent, self._behind = stretch.reached, not stretch.last
        history = [
            frame
            for one in stretch.events
            for frame in frames.owned(one, self._positions.seal(one.event.position))
        ]
        return history if self._behind else history + self._present()

    def _present(self) -> list[Frame]:
        """Where the unfinished jobs stand, and the place in the history from which that is so."""
        newest = self._queue.find(JobQuery(owner=self._owner, limit=_LOOKED_AT))
        waiting = [job for job in newest if job.status is Status.PENDING]
        jobs = self._queue.running([self._owner]) + waiting
        estimates = self._queue.estimates(jobs)
        shown = [frames.present(job, estimates.get(job.id, NO_ESTIMATE)) for job in jobs]
        place = frames.ready(self._sent, self._positions.seal(self._sent))
        return [*(frame for one in shown for frame in one), place]
