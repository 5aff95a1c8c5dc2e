"""What is new of the jobs that somebody watches one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from headway.estimate import NO_ESTIMATE, Estimate
from headway.events import Event
from headway.events.hub import Hub
from headway.http import frames
from headway.http.frames import Frame
from headway.http.news import News
from headway.job import Job
from headway.queue import Queue

ESTIMATE_SECONDS: Final = 1.0
"""Between two estimates: they move while nothing else does."""
_PAGE: Final = 500


@dataclass(slots=True)
class _Seen:
    """What was published of a job so far."""

    number: int
    update: tuple[object, ...]
    rest: tuple[object, ...]


class JobNews:
    """Reads watched jobs and publishes what is new, on the topic of each job's id."""

    def __init__(self, queue: Queue, hub: Hub[News]) -> None:
        self._queue = queue
        self._hub = hub
        self._seen: dict[str, _Seen] = {}
        self._estimates: dict[str, Estimate] = {}
        self._estimate_at = 0.0

    def forget(self) -> None:
        """Begin anew: nobody watches any more."""
        self._seen.clear()
        self._estimates.clear()

    def read(self, *, changed: bool) -> None:
        """Publish what is new of the watched jobs, if anything in the store `changed`."""
        watched = self._hub.topics()
        for job_id in self._seen.keys() - set(watched):
            del self._seen[job_id]
            self._estimates.pop(job_id, None)
        estimate = monotonic() >= self._estimate_at and bool(watched)
        if estimate:
            self._estimate_at = monotonic() + ESTIMATE_SECONDS
        if changed or estimate or not self._seen.keys() >= set(watched):
            for start in range(0, len(watched), _PAGE):
                self._publish(watched[start : start + _PAGE], estimate=estimate)

    def _publish(self, watched: Sequence[str], *, estimate: bool) -> None:
        found = {job.id: job for job in self._queue.present(watched)}
        if estimate:
            self._estimates |= self._queue.estimates(found.values())
        for job_id in watched:
            job = found.get(job_id)
            news = [frames.missing()] if job is None else self._news(job)
            if news:
                self._hub.publish(job_id, News(news))

    def _news(self, job: Job) -> list[Frame]:
        estimate = self._estimates.get(job.id, NO_ESTIMATE)
        update = (job.status, job.progress)
        rest = (job.message, job.counts, job.attempt, job.waiting_for, estimate)
        seen = self._seen.get(job.id)
        self._seen[job.id] = _Seen(job.last_event, update, rest)
        if seen is None:
            # A viewer compares this with where he stands, and catches up if he stands behind it.
            return frames.conclusion(job) if job.status.finished else [frames.snapshot(job)]
        events = self._events(job, seen.number)
        news = frames.told(events, job)
        if job.status.finished:
            return news
        told = any(event.kind == "status" for event in events)
        if update != seen.update and not told:
            news.append(frames.snapshot(job))
        if (update, rest) != (seen.update, seen.rest):
            news.append(frames.progress(job, estimate))
        return news

    def _events(self, job: Job, after: int) -> list[Event]:
        """Those the row knows of: a later one is told with the row that follows it."""
        events: list[Event] = []
        while after < job.last_event:
            page = self._queue.history(job.id, after=after)
            if not page:
                break
            events += page
            after = page[-1].number
        return [event for event in events if event.number <= job.last_event]
