"""How long jobs of several kinds wait for the same slots: by what stands before them, of any kind."""

import pytest

from headway.estimate import Span
from headway.job import Job
from headway.store.contract import Store
from tests.contract.acts import add, add_all, claims, complete, estimates, submission
from tests.contract.test_overview import join_for

KINDS = ("quick", "slow", "new")


def left(store: Store, job: Job, *shared: str) -> Span | None:
    return estimates(store, [job], *shared)[job.id].left


@pytest.fixture
def worker(store: Store) -> str:
    """One slot for jobs of two kinds, of which the slow one takes longer than thirty quick ones."""
    worker = join_for(store, "quick", "slow", slots=1)
    add(store, "slow", priority=0)
    (slow,) = claims(store, worker, 1, *KINDS)
    add_all(store, [submission("quick") for _ in range(30)])
    for quick in claims(store, worker, 30, *KINDS):
        assert complete(store, quick)
    assert complete(store, slow)
    return worker


@pytest.mark.usefixtures("worker")
def test_jobs_of_another_kind_before_it_take_their_own_time(store: Store) -> None:
    """Five slow ones before a quick one: it ends after all of them, not after a quick one's time."""
    slow = add(store, "slow")
    alone = left(store, slow)
    assert alone is not None
    add_all(store, [submission("slow", owner="ann") for _ in range(4)])
    quick = add(store, "quick", priority=6)
    waits = left(store, quick)
    assert waits is not None
    assert waits.low >= 5 * alone.low
    assert estimates(store, [quick])[quick.id].position == 1


@pytest.mark.usefixtures("worker")
def test_what_stands_behind_a_job_takes_none_of_its_time(store: Store) -> None:
    """However much there is, and of whatever kind."""
    quick = add(store, "quick", priority=0)
    alone = left(store, quick)
    add_all(store, [submission("slow") for _ in range(5)])
    add_all(store, [submission("nobody knows") for _ in range(5)])
    assert left(store, quick) == alone


def worker_of_new_and_quick(store: Store) -> str:
    """One slot, for a kind that is known and one that is not."""
    worker = join_for(store, "new", "quick", slots=1)
    add(store, "quick")
    assert complete(store, claims(store, worker, 1, *KINDS)[0])
    return worker


def test_a_running_job_keeps_its_slot_until_its_end(store: Store) -> None:
    """Nobody knows when one of a new kind ends, so nobody knows when the next begins; where there
    is another slot it is known again."""
    worker = worker_of_new_and_quick(store)
    add(store, "new")
    assert claims(store, worker, 1, *KINDS)
    quick = add(store, "quick")
    assert left(store, quick) is None
    join_for(store, "quick", slots=1)
    assert left(store, quick) is not None


def test_a_kind_that_nobody_knows_hides_what_stands_behind_it(store: Store) -> None:
    """Not what stands before it, and not from slots that do not run it."""
    worker_of_new_and_quick(store)
    first, _, behind = add(store, "quick"), add(store, "new"), add(store, "quick")
    assert left(store, first) is not None
    assert left(store, behind) is None
    join_for(store, "quick", slots=1)
    assert left(store, behind) is not None


@pytest.mark.usefixtures("worker")
def test_a_paused_kind_takes_no_time(store: Store) -> None:
    """Its jobs stand in the line and are passed over."""
    quick = add(store, "quick", priority=9)
    alone = left(store, quick)
    add_all(store, [submission("slow") for _ in range(3)])
    assert left(store, quick) != alone
    store.pauses.pause("slow")
    assert left(store, quick) == alone


@pytest.mark.usefixtures("worker")
def test_jobs_that_share_a_process_wait_for_no_slot_of_the_others(store: Store) -> None:
    """Slots for async operations are others than those for CPU-bound ones."""
    quick = add(store, "quick", priority=9)
    alone = left(store, quick, "quick")
    add_all(store, [submission("slow") for _ in range(3)])
    assert left(store, quick, "quick") == alone
