"""What is known of all that waits and runs at one moment, and what it says of single jobs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headway.estimate import UNKNOWN, Durations, Estimate, Marks, Work, until_due
from headway.job import Job, Status, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How the line before the slots stood at one moment, up to a bound for each operation."""

    at: float
    """When, by the database's clock."""
    places: Mapping[int, int]
    """The place of each job in the queue of its operation, from 1, by seq."""
    ends: Mapping[int, Work]
    """The work until the end of each of these jobs, where a slot is there for it."""
    longer: Collection[str]
    """Operations for which more wait than were given places."""
    durations: Mapping[str, Durations]
    """How long jobs of each operation ran lately."""
    marks: Mapping[int, Marks]
    """How fast each running job moves, by seq."""
    paused: Collection[str]

    def covers(self, job: Job) -> bool:
        """Whether it was looked for where this job is now: one that has become due since was not."""
        return not _is_due(job) or job.seq in self.places or job.operation in self.longer

    def of(self, job: Job, now: float) -> Estimate | None:
        """How long the job may still take from now on; None while nothing is known of it."""
        if job.status is Status.RUNNING:
            return self._of_running(job, now)
        if job.waiting_for in (Waiting.TIME, Waiting.RETRY):
            return self._of_later(job, now)
        return self._of_due(job) if _is_due(job) else None

    def _of_running(self, job: Job, now: float) -> Estimate | None:
        marks = self.marks.get(job.seq)
        return None if marks is None else Estimate(left=marks.left(job.progress, now))

    def _of_later(self, job: Job, now: float) -> Estimate | None:
        if job.run_at is None:
            return None
        usual = self.durations.get(job.operation, Durations())
        return Estimate(left=until_due(max(0.0, job.run_at - now), usual))

    def _of_due(self, job: Job) -> Estimate | None:
        place = self.places.get(job.seq)
        if job.operation in self.paused:
            return Estimate(place, paused=True)
        return None if place is None else Estimate(place, self.ends.get(job.seq, UNKNOWN).span())


def _is_due(job: Job) -> bool:
    return job.status is Status.PENDING and job.waiting_for is None
