"""Lists of jobs: the same jobs whichever index finds them, newest first."""

from collections.abc import Collection
from itertools import chain, combinations

import pytest

from headway.job import Job, Status
from headway.store import finding
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


def listed(store: Store, jobs: list[Job], choice: Collection[Status]) -> None:
    """Lists of one owner or of all, of one kind or all, and behind a cursor, are what a walk along
    all jobs would find."""
    for owner, operation in (("ann", None), ("bob", "train"), (None, "resize"), (None, None)):
        before = jobs[5].seq
        asked = JobQuery(owner=owner, operation=operation, statuses=choice, before=before, limit=4)
        expected = [
            job
            for job in jobs
            if job.status in (choice or Status)
            and owner in (None, job.owner)
            and operation in (None, job.operation)
            and job.seq < before
        ][:4]
        assert store.jobs.find(asked) == expected, asked


def test_every_choice_of_statuses_lists_what_a_walk_along_all_jobs_would(
    store: Store, jobs: list[Job]
) -> None:
    """Alone and together."""
    assert {job.status for job in jobs} == set(Status)
    statuses = list(Status)
    for choice in chain.from_iterable(combinations(statuses, count) for count in range(6)):
        listed(store, jobs, choice)


def test_lists_are_the_same_with_more_operations_or_owners_than_are_walked_one_by_one(
    store: Store, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_WALKS", 1)
    for choice in ((), (Status.FAILED,), (Status.COMPLETED, Status.PENDING)):
        listed(store, jobs, choice)


def test_what_waits_is_found_among_few_and_among_many(store: Store, jobs: list[Job]) -> None:
    """Among few all that wait are looked at, among many the owner's jobs."""
    waiting = JobQuery(owner="ann", statuses=[Status.PENDING])
    few = store.jobs.find(waiting)
    assert few == [job for job in jobs if job.owner == "ann" and job.status is Status.PENDING]
    add_all(store, [submission(owner="bob") for _ in range(FEW + 1)])
    assert store.jobs.find(waiting) == few
