"""What is removed when it is old: all of it, nothing else, bit by bit, and not without a trace."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from headway.events import LogLine
from headway.job import Status
from headway.store import burial
from headway.store.contract import Store
from headway.store.contract.retention import ALIKE
from headway.store.values.attempts import Part
from headway.store.values.submission import Added, IdempotencyKey
from headway.verdict import Completed, decide
from tests.contract.acts import (
    AT_ONCE,
    LONG,
    add,
    add_all,
    checkpoint,
    claim,
    claims,
    complete,
    crash,
    fail,
    join,
    key,
    now_of,
    publication,
    report,
    submission,
    told,
)

HOUR = 3600.0


def ended(store: Store, count: int = 1) -> list[str]:
    """Jobs that completed; their ids."""
    jobs = add_all(store, [submission() for _ in range(count)])
    for held in claims(store, join(store), count):
        complete(store, held)
    return [job.id for job in jobs]


def prune(
    store: Store,
    keep: float = 0.0,
    by_status: Mapping[Status, float] = ALIKE,
    limit: int = 500,
) -> list[str]:
    """All steps of one walk; the ids of the jobs removed."""
    removed: list[str] = []
    after: int | None = 0
    while after is not None:
        pruned = store.retention.prune(keep, by_status=by_status, after=after, limit=limit)
        removed += pruned.jobs
        after = pruned.next
    return removed


def tidy(
    store: Store,
    *,
    workers: float = HOUR,
    keys: float = HOUR,
    tombstones: float = HOUR,
    limit: int = 500,
) -> int:
    """What was made in this hour stays, unless told."""
    return store.retention.tidy(workers=workers, keys=keys, tombstones=tombstones, limit=limit)


def test_checkpoints_are_forgotten_where_no_attempt_comes_again(store: Store) -> None:
    """Step by step; a job that has not ended is told its own by the next attempt."""
    add_all(store, [submission() for _ in range(5)])
    last_one = add(store, priority=9)
    *done, running = claims(store, join(store))
    for number, held in enumerate([*done, running]):
        saved = replace(checkpoint(1), path=None if number == 0 else f"jobs/{number}/checkpoint-1")
        assert report(store, held, checkpoint=saved)
    assert all(complete(store, one) for one in done)
    found: list[str] = []
    steps = []
    after = 0
    while True:
        forgotten = store.retention.forget_checkpoints(after=after, limit=2)
        found += forgotten.paths
        steps.append(len(forgotten.paths))
        if forgotten.next is None:
            break
        after = forgotten.next
    assert sorted(found) == [f"jobs/{number}/checkpoint-1" for number in range(1, 5)]
    assert max(steps) <= 2
    assert store.retention.forget_checkpoints().paths == ()
    assert crash(store, running)
    again = claim(store)
    assert again.job.id == last_one.id
    assert [one.number for one in again.checkpoints] == [1]


def test_a_job_that_ended_long_ago_is_removed_with_all_that_was_its_own(store: Store) -> None:
    job = add(store, idempotency=key("k"), input=b'{"a": 1}')
    crash(store, claim(store))
    held = claim(store)
    part = Part(first=0, count=2, failed=0, path=f"jobs/{job.id}/2/part-0", size=9)
    report(store, held, parts=[part], checkpoint=checkpoint(1), facts=[LogLine("info", "hello")])
    complete(store, held)
    assert prune(store) == [job.id]
    assert store.jobs.get(job.id) is None
    assert store.jobs.get_many([job.id]) == []
    assert store.jobs.version(job.id) is None
    assert store.jobs.input(job.id) is None
    assert store.jobs.parts(job.id) == []
    assert store.jobs.attempts(job.id) == []
    assert told(store, job) == []
    assert store.events.after(0) == []
    (again,) = store.jobs.add([submission(idempotency=key("k", "another"))])
    assert isinstance(again, Added)
    assert not again.replayed


def test_a_tombstone_tells_how_it_ended(store: Store) -> None:
    job = add(store, "train", "ann")
    fail(store, claim(store, None, "train"))
    before = now_of(store, job)
    assert store.retention.tombstone(job.id) is None
    prune(store)
    left = store.retention.tombstone(job.id)
    assert left is not None
    assert (left.id, left.owner, left.operation) == (job.id, "ann", "train")
    assert (left.status, left.completed_at) == (Status.FAILED, before.completed_at)
    assert left.pruned_at >= left.completed_at


def test_what_has_not_ended_or_not_long_ago_stays(store: Store) -> None:
    (young,) = ended(store)
    assert prune(store, keep=HOUR) == []
    running, delayed, pending = add(store), add(store, delay=HOUR), add(store)
    claim(store)
    retried = add(store)
    store.jobs.cancel(retried.id)
    store.jobs.retry(retried.id)
    cancelled = store.jobs.cancel(add(store).id)
    assert sorted(prune(store)) == sorted([young, cancelled.id])
    for job in (running, delayed, pending, retried):
        assert not now_of(store, job).status.finished
        assert store.jobs.input(job.id) == b"{}"


def test_each_end_has_a_time_of_its_own(store: Store) -> None:
    """What is not named is kept for the time that holds for all."""
    (completed,) = ended(store)
    failed, cancelled = add(store), add(store)
    fail(store, next(one for one in claims(store, join(store)) if one.job.id == failed.id))
    store.jobs.cancel(cancelled.id)
    assert prune(store, HOUR, {Status.FAILED: 0.0}) == [failed.id]
    assert prune(store, 0.0, {Status.COMPLETED: HOUR}) == [cancelled.id]
    assert prune(store, 0.0, {Status.FAILED: HOUR, Status.CANCELLED: HOUR}) == [completed]


def test_an_artefact_outlives_the_job_that_made_it(store: Store) -> None:
    """And still says which one that was."""
    job = add(store)
    held = claim(store)
    made = [publication("intents", alias="production")]
    report(store, held, verdict=decide(Completed(None, made), held.job, AT_ONCE))
    assert prune(store) == [job.id]
    found = store.artifacts.resolve("ann", "model", "intents@production")
    assert found is not None
    assert (found.id, found.job_id) == (made[0].id, job.id)


def test_each_step_is_bounded_and_the_next_goes_on(store: Store) -> None:
    ids = ended(store, 7)
    first = store.retention.prune(0.0, limit=3)
    assert (list(first.jobs), first.next is None) == (ids[:3], False)
    assert first.next is not None
    assert prune(store, limit=3) == ids[3:]
    assert prune(store, limit=3) == []


def test_jobs_that_stay_do_not_stop_the_walk(store: Store) -> None:
    add_all(store, [submission("other") for _ in range(10)])
    ids = ended(store, 5)
    assert prune(store, limit=2) == ids


def test_a_job_with_many_events_goes_in_several_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction deletes more events than are meant for one."""
    monkeypatch.setattr(burial, "EVENTS_AT_ONCE", 10)
    small, big = add(store), add(store)
    worker = join(store)
    for held in claims(store, worker):
        if held.job.id == big.id:
            report(store, held, facts=[LogLine("info", str(n)) for n in range(42)])
        complete(store, held)
    steps = []
    after: int | None = 0
    while after is not None:
        pruned = store.retention.prune(0.0, after=after)
        steps.append((list(pruned.jobs), len(told(store, big))))
        after = pruned.next
    assert steps[0] == ([small.id], 45)
    assert [events for _, events in steps] == [45, 35, 25, 15, 5, 0]
    assert steps[-1] == ([big.id], 0)


def test_two_that_prune_at_once_remove_each_job_once(open_store: Callable[[], Store]) -> None:
    stores = [open_store(), open_store()]
    ids = ended(stores[0], 60)
    removed: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: removed.extend(prune(one, limit=5)))
        for one in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(removed) == sorted(ids)


def test_a_pruned_jobs_number_does_not_come_back(store: Store) -> None:
    """A cursor over jobs or events must never see a number twice."""
    job = add(store)
    complete(store, claim(store))
    position = store.events.last_position()
    prune(store)
    later = add(store)
    assert later.seq > job.seq
    assert store.events.last_position() > position


def test_what_is_old_but_no_job_is_tidied_too(store: Store) -> None:
    """Keys, turns that were passed, workers that left, tombstones."""
    kept = add(store, idempotency=key("k"))
    complete(store, claim(store))
    other = add(store, owner="bob")
    complete(store, claim(store))
    gone, still = join(store), join(store)
    store.workers.leave(gone)
    prune(store)
    assert tidy(store) <= 1  # at most a turn that was passed
    assert store.retention.tombstone(other.id) is not None
    assert tidy(store, workers=0, keys=0, tombstones=0) >= 3
    assert store.retention.tombstone(kept.id) is None
    assert tidy(store, workers=0, keys=0, tombstones=0) == 0
    assert still in {one.id for one in store.workers.alive()}


def test_a_key_is_forgotten_after_its_time_and_not_before(store: Store) -> None:
    job = add(store, idempotency=key("k"))
    tidy(store)
    (replayed,) = store.jobs.add([submission(idempotency=key("k"))])
    assert replayed == Added(now_of(store, job), replayed=True)
    tidy(store, keys=0)
    (fresh,) = store.jobs.add([submission(idempotency=key("k"))])
    assert isinstance(fresh, Added)
    assert not fresh.replayed
    assert now_of(store, job) == job


def test_a_worker_that_still_holds_jobs_is_never_tidied_away(store: Store) -> None:
    """The sweep finds dead workers by their rows."""
    worker = join(store, lease=LONG)
    add(store)
    claim(store, worker)
    tidy(store, workers=0, keys=0, tombstones=0)
    assert worker in {one.id for one in store.workers.alive()}


def test_the_order_among_owners_is_the_same_after_tidying(store: Store) -> None:
    """Turns that were passed say nothing: who came late still comes late."""
    for owner in ("ann", "bob"):
        add_all(store, [submission(owner=owner) for _ in range(3)])
    worker = join(store)
    for _ in range(4):
        complete(store, claim(store, worker))
    tidy(store)
    add(store, owner="ann")
    add(store, owner="eve")
    order = [claim(store, worker).job.owner for _ in range(4)]
    assert order in (["ann", "bob", "eve", "ann"], ["eve", "ann", "bob", "ann"])


def test_tidying_is_bounded(store: Store) -> None:
    for number in range(5):
        add(store, idempotency=IdempotencyKey(scope="s", key=str(number), fingerprint="f"))
    assert tidy(store, keys=0, limit=2) == 2
    assert tidy(store, keys=0, limit=2) == 2
    assert tidy(store, keys=0, limit=2) == 1
