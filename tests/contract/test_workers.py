"""Who is alive, and what becomes of the jobs of the dead."""

from headway.job import Status
from headway.store.contract import Store
from headway.store.values.workers import WorkerInfo
from headway.verdict import MAX_INTERRUPTIONS
from tests.contract.acts import (
    LONG,
    add,
    add_all,
    claim,
    claims,
    complete,
    everything,
    join,
    lapse,
    now_of,
    report,
    submission,
    told,
)
from tests.waiting import eventually


def test_a_worker_that_joined_is_alive_and_shows_itself(store: Store) -> None:
    info = WorkerInfo(
        id="w1", host="gpu-7", pid=42, slots=3, operations=["resize", "train"], place="a"
    )
    store.workers.join(info, LONG)
    (found,) = store.workers.alive()
    assert (found.id, found.host, found.pid, found.slots) == ("w1", "gpu-7", 42, 3)
    assert (list(found.operations), found.place) == (["resize", "train"], "a")
    assert found.started_at == found.beat_at
    assert found.expires_at - found.beat_at == LONG
    assert store.workers.expired() == set()


def test_a_beat_extends_the_lease(store: Store) -> None:
    worker = join(store, lease=30.0)
    (before,) = store.workers.alive()
    assert store.workers.beat(worker, 90.0)
    (after,) = store.workers.alive()
    assert after.expires_at > before.expires_at + 59
    assert after.beat_at >= before.beat_at


def test_a_lease_ends_by_itself(store: Store) -> None:
    """Without a beat, and while another's goes on."""
    worker, other = join(store, lease=0.05), join(store)
    eventually(lambda: store.workers.expired() == {worker})
    assert [one.id for one in store.workers.alive()] == [other]


def test_a_lapsed_lease_cannot_be_extended(store: Store) -> None:
    worker = join(store)
    lapse(store, worker)
    assert not store.workers.beat(worker, LONG)
    assert not store.workers.beat("nobody", LONG)


def test_a_worker_that_left_cannot_come_back(store: Store) -> None:
    worker = join(store)
    store.workers.leave(worker)
    assert not store.workers.beat(worker, LONG)
    assert store.workers.alive() == []
    assert store.workers.expired() == set()


def test_leaving_twice_or_without_having_joined_is_fine(store: Store) -> None:
    worker = join(store)
    store.workers.leave(worker)
    store.workers.leave(worker)
    store.workers.leave("nobody")


def test_leaving_gives_the_jobs_back_at_once(store: Store) -> None:
    jobs = add_all(store, [submission() for _ in range(3)])
    worker = join(store)
    claims(store, worker)
    store.workers.leave(worker)
    for job in jobs:
        after = now_of(store, job)
        assert (after.status, after.interruptions) == (Status.PENDING, 1)
    assert len(claims(store, join(store))) == 3


def test_a_living_workers_jobs_are_never_reaped(store: Store) -> None:
    job = add(store)
    worker = join(store)
    claim(store, worker)
    before = everything(store, job)
    assert store.workers.reap([worker, "nobody"], 100) == 0
    assert everything(store, job) == before
    assert [one.id for one in store.workers.alive()] == [worker]


def test_only_the_jobs_of_those_named_are_reaped(store: Store) -> None:
    add_all(store, [submission() for _ in range(4)])
    dead, dead_too, alive = join(store), join(store), join(store)
    claim(store, dead)
    claim(store, dead_too)
    kept = claim(store, alive)
    lapse(store, dead)
    lapse(store, dead_too)
    assert store.workers.expired() == {dead, dead_too}
    assert store.workers.reap([dead, alive], 100) == 1
    assert store.workers.expired() == {dead_too}
    assert now_of(store, kept.job).status is Status.RUNNING


def test_reaping_twice_gives_back_once(store: Store) -> None:
    job = add(store)
    worker = join(store)
    claim(store, worker)
    lapse(store, worker)
    assert store.workers.reap([worker], 100) == 1
    after = everything(store, job)
    assert store.workers.reap([worker], 100) == 0
    assert everything(store, job) == after
    assert store.workers.expired() == set()


def test_a_reaped_job_says_why_and_is_due_at_once(store: Store) -> None:
    job = add(store)
    worker = join(store)
    first = claim(store, worker)
    lapse(store, worker)
    store.workers.reap([worker], 100)
    waiting = now_of(store, job)
    assert (waiting.status, waiting.waiting_for) == (Status.PENDING, None)
    assert (waiting.interruptions, waiting.attempt, waiting.crashes) == (1, 0, 0)
    (attempt,) = store.jobs.attempts(job.id)
    assert (attempt.reason, attempt.error) == ("interrupted", "the worker was lost")
    assert told(store, job)[-1].data["reason"] == "the worker was lost"
    assert claim(store).token > first.token


def test_a_worker_with_many_jobs_is_reaped_in_portions(store: Store) -> None:
    """It stays expired until the last of them is given back."""
    add_all(store, [submission() for _ in range(25)])
    worker = join(store)
    assert len(claims(store, worker)) == 25
    lapse(store, worker)
    given = []
    while worker in store.workers.expired():
        given.append(store.workers.reap([worker], 10))
    assert sum(given) == 25
    assert max(given) == 10
    assert store.attempts.held(worker) == set()


def test_a_worker_lost_with_its_jobs_over_and_over_does_not_run_them_for_ever(
    store: Store,
) -> None:
    job = add(store)
    for _ in range(MAX_INTERRUPTIONS):
        worker = join(store)
        claim(store, worker)
        lapse(store, worker)
        assert store.workers.reap([worker], 10) == 1
    assert now_of(store, job).status is Status.FAILED


def test_a_worker_without_jobs_is_reaped_too(store: Store) -> None:
    worker = join(store)
    lapse(store, worker)
    assert store.workers.expired() == {worker}
    assert store.workers.reap([worker], 10) == 0
    assert store.workers.expired() == set()


def test_a_lapsed_worker_may_still_write_until_it_is_reaped(store: Store) -> None:
    """The claim decides, not the clock: a store that was locked for all must lose no work."""
    job = add(store)
    worker = join(store)
    held = claim(store, worker)
    lapse(store, worker)
    assert report(store, held, progress=50.0)
    assert complete(store, held)
    assert now_of(store, job).status is Status.COMPLETED


def test_who_takes_a_place_over_proves_that_the_one_before_is_dead(store: Store) -> None:
    """Its jobs are due at once, without waiting for its lease."""
    jobs = add_all(store, [submission(), submission()])
    before, elsewhere = join(store, place="disk-1"), join(store, place="disk-2")
    lost, kept = claim(store, before), claim(store, elsewhere)
    after = join(store, place="disk-1")
    assert {one.id for one in store.workers.alive()} == {elsewhere, after}
    assert not store.workers.beat(before, LONG)
    assert not report(store, lost, progress=1.0)
    assert report(store, kept, progress=1.0)
    assert claim(store, after).job.id == lost.job.id == jobs[0].id


def test_workers_without_a_place_replace_nobody(store: Store) -> None:
    first = join(store)
    add(store)
    held = claim(store, first)
    join(store)
    join(store, place="disk-1")
    assert report(store, held, progress=1.0)
