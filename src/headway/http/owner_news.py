"""What is new of all jobs of those owners who watch them together."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

from headway.estimate import NO_ESTIMATE
from headway.events import Stretch
from headway.events.hub import Hub
from headway.http import frames
from headway.http.apart import DEFECT_SECONDS, each_if_not_all
from headway.http.cursors import Cursors
from headway.http.frames import Frame
from headway.http.news import News, unread
from headway.queue import Queue

SNAPSHOT_SECONDS: Final = 0.25
"""Between two looks at how far running jobs are."""

_log = logging.getLogger("headway")


class OwnerNews:
    """Follows the history of all jobs, and publishes what is new on the topic of each owner."""

    def __init__(self, queue: Queue, hub: Hub[News], positions: Cursors) -> None:
        self._queue = queue
        self._hub = hub
        self._positions = positions
        self._reached: int | None = None
        self._told: dict[str, int] = {}
        self._behind = False
        self._look_at = 0.0
        self._seen: dict[str, tuple[object, ...]] = {}

    def forget(self) -> None:
        """Begin anew, with the present: whoever watches nevertheless reads what lies before it."""
        self._reached = None
        self._told.clear()
        self._seen.clear()

    def look_again(self) -> None:
        """Something may have changed that nobody will say again."""
        self._behind = True

    def read(self, *, changed: bool) -> None:
        """Publish what is new of the watched owners' jobs, if anything in the store `changed`."""
        watched = self._hub.topics()
        if not watched:
            self.forget()
            return
        if self._reached is None:
            self._reached = self._queue.following.last_position()
        self._greet(watched, self._reached)
        self._behind |= changed  # and stays so while the store cannot be read
        if self._behind:
            self._follow(watched, self._reached)
            self._behind = False
        if monotonic() >= self._look_at:
            self._look_at = monotonic() + SNAPSHOT_SECONDS
            self._look(watched, self._reached)

    def _greet(self, watched: Sequence[str], reached: int) -> None:
        """Say to those who are told nothing yet from where on they are: what happened before that
        they read by themselves, though nothing may happen after it for long."""
        new: dict[str, list[Frame]] = {one: [] for one in watched if one not in self._told}
        self._told = {one: self._told.get(one, reached) for one in watched}
        self._publish(new, reached)

    def _follow(self, watched: Sequence[str], reached: int) -> None:
        last = False
        while not last:
            stretch = self._queue.following.happened(watched, after=reached)
            reached, last = stretch.reached, stretch.last
            self._publish(self._by_owner(stretch), reached)
            self._reached = reached

    def _by_owner(self, stretch: Stretch) -> dict[str, list[Frame]]:
        news: defaultdict[str, list[Frame]] = defaultdict(list)
        for one in stretch.events:
            news[one.owner] += frames.owned(one, self._positions.seal(one.event.position))
        return news

    def _look(self, watched: Sequence[str], reached: int) -> None:
        """How far the running jobs are: the latest alone, however often each has said it."""
        self._seen, before = {}, self._seen
        each_if_not_all(
            watched, lambda some: self._look_for(some, reached, before), self._set_apart
        )

    def _set_apart(self, owner: str, defect: Exception) -> None:
        """Let the others go on without this owner, whose viewers read by themselves."""
        _log.error("a running job of %s cannot be read: this is a defect", owner, exc_info=defect)
        self._look_at = monotonic() + DEFECT_SECONDS
        self._hub.publish({owner: unread()})

    def _look_for(
        self, owners: Sequence[str], reached: int, before: Mapping[str, tuple[object, ...]]
    ) -> None:
        running = self._queue.following.running(owners)
        estimates = self._queue.following.estimates(running)
        news: defaultdict[str, list[Frame]] = defaultdict(list)
        seen: dict[str, tuple[object, ...]] = {}
        for job in running:
            estimate = estimates.get(job.id, NO_ESTIMATE)
            update = (job.status, job.progress)
            shown = seen[job.id] = (update, job.message, job.counts, estimate)
            last = before.get(job.id)
            if last is None or last[0] != update:
                news[job.owner].append(frames.snapshot(job))
            if last != shown:
                news[job.owner].append(frames.progress(job, estimate))
        self._publish(news, reached)
        self._seen |= seen

    def _publish(self, news: Mapping[str, Sequence[Frame]], reached: int) -> None:
        """Tell each of these owners what joins on to what he was told last."""
        joined = {
            owner: News(shown, since=self._told[owner], reach=reached)
            for owner, shown in news.items()
        }
        self._told |= dict.fromkeys(news, reached)
        self._hub.publish(joined)
