"""Lists of jobs: the same jobs whichever index finds them, newest first."""

from itertools import chain, combinations

import pytest

from headway.job import Job, Status
from headway.store.contract import Store
from headway.store.finding import FEW
from headway.store.values.history import JobQuery
from tests.contract.acts import add, add_all, claims, complete, fail, join, submission


@pytest.fixture
def jobs(store: Store) -> list[Job]:
    """Jobs of two owners and two kinds in every state, all mixed, newest first."""
    worker = join(store)
    for _ in range(2):
        for owner in ("ann", "bob"):
            for operation in ("resize", "train"):
                for _ in range(3):
                    add(store, operation, owner, priority=0)
                ended_well, ended_badly, _ = claims(store, worker, 3, "resize", "train")
                assert complete(store, ended_well)
                assert fail(store, ended_badly, retryable=False)
                store.jobs.cancel(add(store, operation, owner).id)
                add(store, operation, owner)
                add(store, operation, owner, delay=600.0)
    return store.jobs.find(JobQuery(limit=1000))


def test_every_choice_of_statuses_lists_what_a_walk_along_all_jobs_would(
    store: Store, jobs: list[Job]
) -> None:
    """Alone and together, of one owner or of all, of one kind, and behind a cursor."""
    assert {job.status for job in jobs} == set(Status)
    statuses = list(Status)
    chosen = chain.from_iterable(combinations(statuses, count) for count in range(1, 6))
    for choice in chosen:
        for owner, operation in (("ann", None), ("bob", "train"), (None, "resize")):
            before = jobs[5].seq
            asked = JobQuery(
                owner=owner, operation=operation, statuses=choice, before=before, limit=4
            )
            expected = [
                job
                for job in jobs
                if job.status in choice
                and owner in (None, job.owner)
                and operation in (None, job.operation)
                and job.seq < before
            ][:4]
            assert store.jobs.find(asked) == expected, asked


def test_what_waits_is_found_among_few_and_among_many(store: Store, jobs: list[Job]) -> None:
    """Among few all that wait are looked at, among many the owner's jobs."""
    waiting = JobQuery(owner="ann", statuses=[Status.PENDING])
    few = store.jobs.find(waiting)
    assert few == [job for job in jobs if job.owner == "ann" and job.status is Status.PENDING]
    add_all(store, [submission(owner="bob") for _ in range(FEW + 1)])
    assert store.jobs.find(waiting) == few
