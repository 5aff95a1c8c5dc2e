"""What viewers are told of jobs: every door calls these."""

from collections.abc import Collection, Mapping
from typing import Final

from headway.estimate import NO_ESTIMATE, Estimate
from headway.events import Event, Stretch
from headway.job import Job
from headway.shared_outlook import SharedOutlook
from headway.store.contract import Store
from headway.store.contract.bell import Waiter

_PAGE: Final = 200


class Following:
    """Tells viewers already let in how jobs are doing. It does not ask who asks."""

    def __init__(self, store: Store, outlook: SharedOutlook) -> None:
        self._store = store
        self._outlook = outlook

    def present(self, job_ids: Collection[str]) -> list[Job]:
        """Those of the jobs that exist, whoever's they are."""
        return self._store.jobs.get_many(job_ids)

    def newer(self, known: Mapping[str, int]) -> dict[str, Job | None]:
        """Those of the jobs that have changed since these versions, or are gone."""
        return self._store.jobs.newer(known)

    def histories(self, past: Mapping[str, int]) -> list[Event]:
        """What happened to each of the jobs past a number."""
        return self._store.events.of_jobs(past)

    def history(self, job_id: str, *, after: int) -> list[Event]:
        """A page of a job's events past number `after`. It is small, since a viewer who does not
        read has one held ready for as long as he is borne."""
        return self._store.events.of_job(job_id, after=after, limit=_PAGE)

    def happened(self, owners: Collection[str], *, after: int) -> Stretch:
        """What happened to these owners' jobs in the next stretch past this position."""
        return self._store.events.of_owners(owners, after)

    def last_position(self) -> int:
        """The position of what happened last, to whomever."""
        return self._store.events.last_position()

    def running(self, owners: Collection[str]) -> list[Job]:
        """The jobs that are running for these owners."""
        return self._store.jobs.running(owners)

    def estimates(self, jobs: Collection[Job]) -> dict[str, Estimate]:
        """How long these jobs may still take, by id, as it was known within the last second."""
        return self._outlook.estimates([job for job in jobs if not job.status.finished])

    def estimate(self, job: Job) -> Estimate:
        """How long this job may still take."""
        return self.estimates([job]).get(job.id, NO_ESTIMATE)

    def listen(self) -> Waiter:
        """Begin to hear when jobs change."""
        return self._store.bell.listen("news")

    def changed(self) -> bool:
        """True when somebody committed since this thread asked last, or nobody can tell."""
        return self._store.changed()
