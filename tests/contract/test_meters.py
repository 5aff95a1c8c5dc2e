"""What a store tells whoever watches over it."""

from headway.job import Status
from headway.store.contract import Store
from headway.store.values.meters import Incident
from tests.contract.acts import (
    add,
    add_all,
    claim,
    claims,
    complete,
    crash,
    fail,
    join,
    lapse,
    submission,
)


def totals(store: Store) -> dict[tuple[str, str], int]:
    return {(one.operation, one.what): one.count for one in store.overview.meters().totals}


def test_everything_that_happens_to_attempts_is_counted(store: Store) -> None:
    """Claims, ends, retries, crashes, interruptions and lost leases, each by operation."""
    worker = join(store)
    for act in (complete, fail, crash):
        add(store, max_attempts=2)
        (one,) = claims(store, worker, 1)
        act(store, one)
        for left in claims(store, worker):
            complete(store, left)
    add(store, "train")
    claim(store, worker, "train")
    lapse(store, worker)
    store.workers.reap([worker], 10)
    assert totals(store) == {
        ("resize", Incident.CLAIM): 5,
        ("resize", Incident.RETRY): 1,
        ("resize", Incident.CRASH): 1,
        ("resize", Status.COMPLETED): 3,
        ("train", Incident.CLAIM): 1,
        ("train", Incident.INTERRUPTION): 1,
        ("train", Incident.EXPIRY): 1,
    }
    (done,) = [one for one in store.overview.meters().totals if one.what == Status.COMPLETED]
    assert sum(count for _, count in done.bounds) == 3


def test_totals_stay_when_their_minutes_are_old(store: Store) -> None:
    """However often it is tidied up."""
    worker = join(store)
    add(store)
    complete(store, claim(store, worker))
    before = totals(store)
    for _ in range(3):
        store.retention.tidy(workers=0, keys=0, tombstones=0)
    assert totals(store) == before


def test_queues_are_measured_by_priority(store: Store) -> None:
    """With the age of the first that came."""
    add_all(store, [submission(priority=p) for p in (0, 5, 5)] + [submission("train")])
    add(store, run_at=4e9)
    meters = store.overview.meters()
    found = {(one.operation, one.priority): one.waiting for one in meters.queues}
    assert found == {("resize", 0): 1, ("resize", 5): 2, ("train", 5): 1}
    assert all(one.oldest >= 0 for one in meters.queues)
    assert meters.delayed == {"resize": 1}
    assert (meters.running, meters.workers, meters.slots) == ({}, 0, 0)
    claim(store)
    meters = store.overview.meters()
    assert (meters.running, meters.workers, meters.slots) == ({"resize": 1}, 1, 4)
