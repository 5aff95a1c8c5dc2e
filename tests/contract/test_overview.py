"""What goes on as a whole, and how long single jobs may still take."""

import pytest

from headway.events import OwnedEvent
from headway.job import Job, Status
from headway.store.contract import Store
from headway.store.line import LINE
from headway.store.values.workers import RunningJob, WorkerInfo
from tests.contract.acts import (
    LONG,
    add,
    add_all,
    claim,
    claims,
    complete,
    estimates,
    fail,
    join,
    lapse,
    now_of,
    report,
    submission,
)


def join_for(store: Store, *operations: str, slots: int = 2, async_slots: int = 50) -> str:
    """A worker that runs these operations."""
    worker = f"worker-of-{'-'.join(operations)}"
    store.workers.join(
        WorkerInfo(
            id=worker, host="h", pid=1, slots=slots, async_slots=async_slots, operations=operations
        ),
        LONG,
    )
    return worker


def places(store: Store, jobs: list[Job]) -> list[int | None]:
    found = estimates(store, jobs)
    return [found[job.id].position if job.id in found else None for job in jobs]


def test_waiting_jobs_know_their_places(store: Store) -> None:
    """In the order they will be claimed; other operations are other queues."""
    slow = add(store, priority=9)
    other = add(store, "train")
    first, second = add(store), add(store)
    assert places(store, [slow, other, first, second]) == [3, 1, 1, 2]
    claim(store)
    assert places(store, [now_of(store, job) for job in (slow, first, second)]) == [2, None, 1]


def test_places_are_counted_up_to_a_bound(store: Store) -> None:
    """Whoever stands behind it is told none."""
    jobs = add_all(store, [submission() for _ in range(LINE + 1)])
    assert places(store, [jobs[-2], jobs[-1]]) == [LINE, None]


def test_jobs_that_are_not_due_have_no_place(store: Store) -> None:
    """They are not in any queue yet."""
    assert places(store, [add(store, delay=600.0)]) == [None]


def test_a_waiting_job_is_told_by_recent_durations(store: Store) -> None:
    """Once a job of its kind has completed and a worker is there for it, not before."""
    worker = join_for(store, "resize")
    job = add(store)
    assert estimates(store, [job])[job.id].left is None
    assert complete(store, claims(store, worker, 1)[0])
    waiting, later = add(store), add(store, delay=600.0)
    found = estimates(store, [waiting, later])
    left = found[waiting.id].left
    assert left is not None
    assert 0 <= left.low <= left.high
    later_left = found[later.id].left
    assert later_left is not None
    assert later_left.low > 500


def test_the_slots_of_an_operation_are_those_of_its_kind(store: Store) -> None:
    """A shared operation has the many slots, so its 20th waiting job is not told to wait rounds."""
    worker = join_for(store, "resize", slots=1, async_slots=50)
    done = [add(store), *add_all(store, [submission() for _ in range(20)])]
    held = claims(store, worker, 1)
    assert complete(store, held[0])
    alone = estimates(store, done[1:])[done[-1].id].left
    shared = estimates(store, done[1:], "resize")[done[-1].id].left
    assert alone is not None
    assert shared is not None
    assert shared.high < alone.high or alone.high == 0


def test_a_running_job_is_told_by_its_rate(store: Store) -> None:
    """From its first report on; another attempt begins anew."""
    job = add(store, max_attempts=3)
    held = claim(store)
    assert estimates(store, [now_of(store, job)]) == {}
    report(store, held, progress=10.0)
    (estimate,) = estimates(store, [now_of(store, job)]).values()
    assert estimate.position is None
    assert estimate.left is None  # nothing was gained since
    fail(store, held)
    claim(store)
    assert estimates(store, [now_of(store, job)]) == {}


def test_finished_jobs_have_no_estimates(store: Store) -> None:
    """Nothing is left of them."""
    job = add(store)
    complete(store, claim(store))
    assert estimates(store, [now_of(store, job)]) == {}


def test_workers_show_what_they_run(store: Store) -> None:
    """With owners, so that each user can be shown his own; the dead are not shown."""
    lapse(store, join(store))
    worker = join_for(store, "resize", slots=3)
    mine, other = add(store, owner="ann"), add(store, owner="bob")
    claims(store, worker, 2)
    (found,) = store.overview.workers()
    assert (found.info.id, found.info.slots, found.info.async_slots) == (worker, 3, 50)
    assert 0 <= found.age < LONG
    assert list(found.running) == [
        RunningJob(mine.id, "ann", "resize"),
        RunningJob(other.id, "bob", "resize"),
    ]


def test_the_queues_have_depths(store: Store) -> None:
    """Waiting, delayed and running are told apart, each operation by itself."""
    assert store.overview.depth() == []
    add_all(store, [submission() for _ in range(3)])
    add(store, delay=600.0)
    add(store, "train")
    add(store, "zip", delay=600.0)
    claim(store)
    found = {one.operation: one for one in store.overview.depth()}
    assert sorted(found) == ["resize", "train", "zip"]
    resize = found["resize"]
    assert (resize.waiting, resize.delayed, resize.running) == (2, 1, 1)
    assert resize.oldest is not None
    assert 0 <= resize.oldest < 60
    assert (found["zip"].waiting, found["zip"].delayed, found["zip"].oldest) == (0, 1, None)


def test_ends_are_counted_by_the_minute(store: Store) -> None:
    """Each operation and outcome by itself; a retry is no end, a cancel is one."""
    add_all(store, [submission() for _ in range(4)])
    add(store, max_attempts=2)
    held = claims(store, join(store))
    assert all(complete(store, one) for one in held[:2])
    fail(store, held[2])
    store.jobs.cancel(held[3].job.id)
    fail(store, held[4])
    counts: dict[tuple[str, Status], int] = {}
    for one in store.overview.ended():
        assert one.minute % 60 == 0
        key = (one.operation, one.outcome)
        counts[key] = counts.get(key, 0) + one.count
    assert counts == {
        ("resize", Status.COMPLETED): 2,
        ("resize", Status.FAILED): 1,
        ("resize", Status.CANCELLED): 1,
    }


def test_tidying_keeps_the_last_hour(store: Store) -> None:
    """What the overview shows is still there after."""
    add(store)
    complete(store, claim(store))
    before = store.overview.ended()
    store.retention.tidy(workers=LONG, keys=LONG, tombstones=LONG)
    assert store.overview.ended() == before


@pytest.mark.parametrize("scan", [1, 2, 1000])
def test_owners_events_come_in_order_with_their_owners(store: Store, scan: int) -> None:
    """However short the stretches are, none is left out, and each says where it ends."""
    ann, bob = add(store, owner="ann"), add(store, owner="bob")
    eve = add(store, owner="eve")
    held = claims(store, join(store))
    report(store, held[0], progress=30.0)
    position = 0
    seen: list[OwnedEvent] = []
    while True:
        stretch = store.events.of_owners(["ann", "eve"], position, scan=scan)
        assert stretch.reached >= position
        seen += stretch.events
        position = stretch.reached
        if stretch.last:
            break
    assert position == store.events.last_position()
    assert [one.event.position for one in seen] == sorted(one.event.position for one in seen)
    assert {(one.event.job_id, one.owner) for one in seen} == {(ann.id, "ann"), (eve.id, "eve")}
    assert len(seen) == 4
    assert all(one.progress == 30.0 for one in seen if one.event.job_id == ann.id)
    assert bob.id not in {one.event.job_id for one in seen}


def test_running_jobs_are_found_by_owner(store: Store) -> None:
    """Only those that run, in the order they came."""
    jobs = [add(store, owner=owner) for owner in ("ann", "bob", "ann")]
    assert store.jobs.running(["ann"]) == []
    claims(store, join(store))
    assert [job.id for job in store.jobs.running(["ann"])] == [jobs[0].id, jobs[2].id]
    assert len(store.jobs.running(["ann", "bob"])) == 3
    assert len(store.jobs.running(["ann", "bob"], limit=1)) == 1
