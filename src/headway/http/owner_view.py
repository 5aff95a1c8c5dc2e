"""What a viewer of all his jobs sees: history from where he left off, the present, then the news."""

from typing import Final

from headway.estimate import NO_ESTIMATE
from headway.http import frames
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import OwnerPlace
from headway.http.viewer import Viewer, read
from headway.job import Status
from headway.queue import Queue
from headway.store.values.history import JobQuery

_LOOKED_AT: Final = 100
"""Of the jobs that wait those are shown at first that are among so many newest ones."""


class OwnerView(Viewer):
    """One viewer's place in the history of all jobs of an owner: see `Viewer`. The order is that of
    commits."""

    def __init__(self, queue: Queue, feed: Feed, positions: Cursors, owner: str) -> None:
        super().__init__(feed, feed.watch_all(owner), OwnerPlace(0))
        self._queue = queue
        self._positions = positions
        self._owner = owner

    async def open(self, after: str | None) -> list[Frame]:
        """See `Viewer.open`. What names an event is a cursor of ours."""
        place = None if after is None else self._positions.read(after)
        last = await read(self._queue.following.last_position)
        if place is not None and place <= last:
            self._place = OwnerPlace(place)
            return await self._catch_up()
        self._place = OwnerPlace(last)
        return await read(lambda: self._present(last))

    async def _catch_up(self) -> list[Frame]:
        shown = await read(self._stretch)
        while self._behind and not shown and not self._listener.closed:
            shown = await read(self._stretch)
        return shown

    def _stretch(self) -> list[Frame]:
        stretch = self._queue.following.happened([self._owner], after=self._place.number)
        shown = [
            frame
            for one in stretch.events
            for frame in frames.owned(one, self._positions.seal(one.event.position))
        ]
        if stretch.last:
            shown += self._present(stretch.reached)
        self._place, self._behind = OwnerPlace(stretch.reached), not stretch.last
        return shown

    def _present(self, reached: int) -> list[Frame]:
        """Where the unfinished jobs stand, and the place in the history from which that is so."""
        newest = self._queue.find(JobQuery(owner=self._owner, limit=_LOOKED_AT))
        waiting = [job for job in newest if job.status is Status.PENDING]
        jobs = self._queue.following.running([self._owner]) + waiting
        estimates = self._queue.following.estimates(jobs)
        shown = [frames.present(job, estimates.get(job.id, NO_ESTIMATE)) for job in jobs]
        ready = frames.ready(reached, self._positions.seal(reached))
        return [*(frame for one in shown for frame in one), ready]
