"""Whose a job is: its owner is given it, and everybody else the reason why not."""

from datetime import UTC, datetime

from headway.errors import Gone, HeadwayError, NotAuthorized, NotFound
from headway.job import Job, Status
from headway.store.contract import Store


class OwnJobs:
    """Jobs for those whose they are. Who asks is always said."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def job(self, job_id: str, owner: str) -> Job:
        """The owner's job. Raise `NotFound`, `NotAuthorized`, or `Gone` if it was pruned."""
        job = self._store.jobs.get(job_id)
        if job is None:
            raise self._missing(job_id, owner)
        if job.owner != owner:
            raise NotAuthorized("Not authorized")
        return job

    def version(self, job_id: str, owner: str) -> tuple[int, Status]:
        """Version and state of the owner's job, without its payload; raise as `job` does."""
        found = self._store.jobs.version(job_id)
        if found is None:
            raise self._missing(job_id, owner)
        if found[0] != owner:
            raise NotAuthorized("Not authorized")
        return found[1], found[2]

    def _missing(self, job_id: str, owner: str) -> HeadwayError:
        """Why there is no such job: told to its owner alone when it was pruned."""
        left = self._store.retention.tombstone(job_id)
        if left is None:
            return NotFound("Job not found")
        if left.owner != owner:
            return NotAuthorized("Not authorized")
        ended = datetime.fromtimestamp(left.completed_at, UTC).date()
        days = int((left.pruned_at - left.completed_at) // 86_400)
        return Gone(
            f"This job ended as {left.status} on {ended} and its history was removed after"
            f" {days} days"
        )
