"""What is new of the jobs that somebody watches one by one."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from time import monotonic
from typing import Final

from headway.estimate import NO_ESTIMATE, Estimate
from headway.events import Event
from headway.events.hub import Hub
from headway.http import frames
from headway.http.apart import DEFECT_SECONDS, each_if_not_all
from headway.http.news import News, unread
from headway.job import Job
from headway.queue import Queue

ESTIMATE_SECONDS: Final = 1.0
"""Between two estimates: they move while nothing else does."""

_log = logging.getLogger("headway")


@dataclass(slots=True)
class _Seen:
    """A job as it was read last, and the estimate that was published with it."""

    job: Job
    estimate: Estimate = NO_ESTIMATE


class JobNews:
    """Publishes what is new of watched jobs, on the topic of each job's id.

    The store is asked once for all of them, and gives those alone that have changed.
    """

    def __init__(self, queue: Queue, hub: Hub[News]) -> None:
        self._queue = queue
        self._hub = hub
        self._seen: dict[str, _Seen] = {}
        self._unreadable_until: dict[str, float] = {}
        self._estimate_at = 0.0

    def forget(self) -> None:
        """Begin anew: nobody watches any more."""
        self._seen.clear()

    def read(self, *, changed: bool) -> None:
        """Publish what is new of the watched jobs, if anything in the store `changed`."""
        watched = set(self._hub.topics())
        for job_id in self._seen.keys() - watched:
            del self._seen[job_id]
        wanted = watched if changed else watched - self._seen.keys()
        if readable := list(wanted - self._unreadable()):
            each_if_not_all(readable, self._follow, self._set_apart)
        if self._seen and monotonic() >= self._estimate_at:
            self._estimate_at = monotonic() + ESTIMATE_SECONDS
            self._estimate()

    def _unreadable(self) -> Set[str]:
        """The jobs that could not be read a moment ago."""
        now = monotonic()
        left = {job_id: until for job_id, until in self._unreadable_until.items() if until > now}
        self._unreadable_until = left
        return left.keys()

    def _set_apart(self, job_id: str, defect: Exception) -> None:
        """Let the others go on without this job, and its viewers read by themselves."""
        _log.error(
            "job %s is read again in %g s: this is a defect",
            job_id,
            DEFECT_SECONDS,
            exc_info=defect,
        )
        self._unreadable_until[job_id] = monotonic() + DEFECT_SECONDS
        self._hub.publish({job_id: unread()})

    def _follow(self, wanted: Sequence[str]) -> None:
        try:
            self._tell_of(wanted)
        except Exception:
            for job_id in wanted:  # what was read of them may not have been told
                self._seen.pop(job_id, None)
            raise

    def _tell_of(self, wanted: Sequence[str]) -> None:
        found = self._queue.following.newer({job_id: self._version(job_id) for job_id in wanted})
        histories = self._histories([job for job in found.values() if job is not None])
        self._hub.publish(
            {
                job_id: News([frames.missing()])
                if job is None
                else self._news(job, histories[job_id])
                for job_id, job in found.items()
            }
        )

    def _version(self, job_id: str) -> int:
        seen = self._seen.get(job_id)
        return 0 if seen is None else seen.job.version

    def _histories(self, jobs: Collection[Job]) -> Mapping[str, list[Event]]:
        """What happened to each of these jobs since it was read last."""
        past = {
            job.id: self._seen[job.id].job.last_event
            for job in jobs
            if job.id in self._seen and self._seen[job.id].job.last_event < job.last_event
        }
        told: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self._queue.following.histories(past) if past else ():
            told[event.job_id].append(event)
        return told

    def _news(self, job: Job, events: Collection[Event]) -> News:
        seen = self._seen.get(job.id)
        if seen is None:
            self._seen[job.id] = _Seen(job)
            return _first(job)
        before, seen.job = seen.job, job
        # What the row does not know of yet is told with the row that follows it.
        events = [event for event in events if event.number <= job.last_event]
        news = frames.told(events, job)
        if not job.status.finished:
            told = any(event.kind == "status" for event in events)
            if _update(job) != _update(before) and not told:
                news.append(frames.snapshot(job))
            if _update(job) != _update(before) or _rest(job) != _rest(before):
                news.append(frames.progress(job, seen.estimate))
        return News(news, since=before.last_event)

    def _estimate(self) -> None:
        """Tell of the jobs whose end comes nearer, or moves away, though they are as they were."""
        estimates = self._queue.following.estimates([seen.job for seen in self._seen.values()])
        moved = {
            job_id: seen
            for job_id, seen in self._seen.items()
            if estimates.get(job_id, NO_ESTIMATE) != seen.estimate
        }
        for job_id, seen in moved.items():
            seen.estimate = estimates.get(job_id, NO_ESTIMATE)
        unfinished = [seen for seen in moved.values() if not seen.job.status.finished]
        self._hub.publish(
            {
                one.job.id: News([frames.progress(one.job, one.estimate)], since=one.job.last_event)
                for one in unfinished
            }
        )


def _first(job: Job) -> News:
    """Where the job stands, told by whoever knows nothing of before: a viewer who stands behind it
    catches up by himself."""
    if job.status.finished:
        return News(frames.conclusion(job), since=job.last_event - 1)
    return News([frames.snapshot(job)], since=job.last_event)


def _update(job: Job) -> tuple[object, ...]:
    return (job.status, job.progress)


def _rest(job: Job) -> tuple[object, ...]:
    return (job.message, job.counts, job.attempt, job.waiting_for)
