"""Who gets which job: order, fairness, delay, and never two for one."""

import threading
from collections import Counter

import pytest

from headway.job import Status, Waiting
from headway.retry import Backoff
from headway.store.contract import Store
from headway.store.values.attempts import Want
from headway.verdict import Failed
from tests.contract.acts import (
    add,
    add_all,
    claim,
    claims,
    complete,
    conclude,
    fail,
    join,
    lapse,
    now_of,
    publication,
    submission,
    told,
)
from tests.waiting import eventually


def test_a_claim_carries_the_job_as_it_is_now(store: Store) -> None:
    """What a worker is told and what anybody reads a moment later are the same."""
    job = add(store, input=b'{"n": 1}', priority=3, timeout=9.5, metadata={"team": "ml"})
    worker = join(store)
    held = claim(store, worker)
    assert held.job == now_of(store, job)
    assert held.input == b'{"n": 1}'
    assert held.job.status is Status.RUNNING
    assert held.job.worker == worker
    assert held.job.started_at is not None
    assert store.attempts.held(worker) == {(job.seq, held.token)}
    assert told(store, job)[-1].data == {"status": "running", "reason": None, "attempt": 1}


def test_a_later_claim_carries_the_job_as_it_is_then(store: Store) -> None:
    job = add(store, max_attempts=3)
    fail(store, claim(store))
    held = claim(store)
    assert held.job == now_of(store, job)
    assert held.job.attempt == 1
    assert told(store, job)[-1].data["attempt"] == 2


def test_the_most_urgent_job_comes_first(store: Store) -> None:
    for priority in (5, 9, 0, 5, 1):
        add(store, priority=priority)
    worker = join(store)
    assert [one.job.priority for one in claims(store, worker)] == [0, 1, 5, 5, 9]


def test_jobs_of_one_owner_and_priority_come_in_the_order_of_submission(store: Store) -> None:
    jobs = add_all(store, [submission() for _ in range(20)])
    worker = join(store)
    got = [claim(store, worker).job.seq for _ in jobs]
    assert got == [job.seq for job in jobs]


def test_many_jobs_of_one_owner_do_not_delay_the_single_job_of_another(store: Store) -> None:
    """Of 500 that wait and one that comes, the one is among the next two."""
    add_all(store, [submission(owner="ann") for _ in range(500)])
    worker = join(store)
    claims(store, worker, 10)
    bob = add(store, owner="bob")
    assert bob.id in {claim(store, worker).job.id for _ in range(2)}


def test_owners_take_turns(store: Store) -> None:
    """However many wait, each window of three claims serves all three owners."""
    for owner, many in (("ann", 60), ("bob", 20), ("eve", 20)):
        add_all(store, [submission(owner=owner) for _ in range(many)])
    owners = [one.job.owner for one in claims(store, join(store), 60)]
    assert all(set(owners[i : i + 3]) == {"ann", "bob", "eve"} for i in range(0, 60, 3))


def test_an_owner_who_comes_late_does_not_catch_up_on_turns_he_missed(store: Store) -> None:
    add_all(store, [submission(owner="ann") for _ in range(40)])
    worker = join(store)
    claims(store, worker, 20)
    add_all(store, [submission(owner="bob") for _ in range(20)])
    owners = Counter(one.job.owner for one in claims(store, worker, 20))
    assert abs(owners["ann"] - owners["bob"]) <= 1


def test_a_less_urgent_job_has_its_own_turns(store: Store) -> None:
    add_all(store, [submission(owner="ann", priority=1) for _ in range(50)])
    ann, bob = add(store, owner="ann", priority=7), add(store, owner="bob", priority=7)
    got = [one.job.id for one in claims(store, join(store), 100)]
    assert got[-2:] == [ann.id, bob.id]


def test_a_delayed_job_is_handed_out_when_its_time_has_come_and_not_before(store: Store) -> None:
    job = add(store, delay=0.2)
    worker = join(store)
    assert job.waiting_for is Waiting.TIME
    assert job.run_at is not None
    assert job.run_at == pytest.approx(job.created_at + 0.2)
    held = eventually(lambda: claims(store, worker))[0]
    assert held.job.run_at == job.run_at
    assert held.job.waiting_for is None
    assert held.job.started_at is not None
    assert held.job.started_at >= job.run_at
    assert store.attempts.next_due_in() is None


def test_a_job_whose_moment_is_past_is_due_at_once(store: Store) -> None:
    job = add(store, run_at=1.0)
    assert (job.run_at, job.waiting_for) == (1.0, None)
    assert claim(store).job.id == job.id


def test_a_job_for_a_moment_to_come_says_what_it_waits_for(store: Store) -> None:
    job = add(store, run_at=4e9)
    assert (job.run_at, job.waiting_for) == (4e9, Waiting.TIME)
    assert now_of(store, job) == job
    assert claims(store, join(store)) == []


def test_a_job_that_became_due_gets_its_turn_then(store: Store) -> None:
    """Not behind all that others had submitted by then."""
    add_all(store, [submission(owner="ann") for _ in range(100)])
    worker = join(store)
    claims(store, worker, 10)
    late = add(store, owner="bob", delay=0.02)
    eventually(lambda: store.attempts.next_due_in() == 0.0)
    assert late.id in [one.job.id for one in claims(store, worker, 3)]


def test_next_due_is_the_soonest_of_all(store: Store) -> None:
    assert store.attempts.next_due_in() is None
    add(store, delay=900.0)
    add(store, delay=300.0)
    add(store)
    due_in = store.attempts.next_due_in()
    assert due_in is not None
    assert 290 < due_in <= 300


def test_a_failed_attempt_waits_for_its_retry(store: Store) -> None:
    job = add(store, max_attempts=2)
    conclude(store, claim(store), Failed("it broke"), Backoff(base=300, cap=300))
    waiting = now_of(store, job)
    assert (waiting.status, waiting.waiting_for) == (Status.PENDING, Waiting.RETRY)
    assert waiting.error == "it broke"
    assert claims(store, join(store)) == []


def test_unknown_operations_are_never_claimed(store: Store) -> None:
    strange = add(store, "strange", priority=0)
    known = add(store, "resize", priority=9)
    worker = join(store)
    assert [one.job.id for one in claims(store, worker)] == [known.id]
    assert now_of(store, strange) == strange


def test_a_worker_that_wants_nothing_gets_nothing(store: Store) -> None:
    add(store)
    worker = join(store)
    assert store.attempts.claim(worker, []) == []
    assert store.attempts.claim(worker, [Want((), 5)]) == []
    assert store.attempts.claim(worker, [Want(("resize",), 0)]) == []


def test_each_want_has_its_own_limit(store: Store) -> None:
    for operation in ("resize", "train", "fetch"):
        add_all(store, [submission(operation) for _ in range(5)])
    got = store.attempts.claim(join(store), [Want(("resize", "train"), 3), Want(("fetch",), 4)])
    per_operation = Counter(one.job.operation for one in got)
    assert per_operation["fetch"] == 4
    assert per_operation["resize"] + per_operation["train"] == 3


def test_wants_that_overlap_do_not_get_a_job_twice(store: Store) -> None:
    add_all(store, [submission() for _ in range(6)])
    worker = join(store)
    got = store.attempts.claim(worker, [Want(("resize", "resize"), 2), Want(("resize",), 3)])
    assert len({one.job.id for one in got}) == len(got) == 5
    assert store.attempts.held(worker) == {(one.job.seq, one.token) for one in got}


def test_a_limit_takes_the_most_urgent_over_all_operations(store: Store) -> None:
    add_all(store, [submission("train", priority=5) for _ in range(3)])
    add_all(store, [submission("resize", priority=4) for _ in range(3)])
    got = claims(store, join(store), 4, "train", "resize")
    assert [one.job.operation for one in got] == ["resize", "resize", "resize", "train"]


@pytest.mark.parametrize("how", ["lapsed", "left", "never joined"])
def test_a_worker_without_a_lease_claims_nothing(store: Store, how: str) -> None:
    job = add(store)
    worker = "nobody" if how == "never joined" else join(store)
    if how == "lapsed":
        lapse(store, worker)
    elif how == "left":
        store.workers.leave(worker)
    assert claims(store, worker) == []
    assert now_of(store, job) == job


def test_workers_in_threads_never_share_a_job(store: Store) -> None:
    add_all(store, [submission() for _ in range(120)])
    got: list[str] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            worker = join(store)
            while found := claims(store, worker, 3):
                got.extend(one.job.id for one in found)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(got) == len(set(got)) == 120


def test_a_claim_finds_the_artefacts_that_were_pinned(store: Store) -> None:
    """Their rows, or the id alone where the artefact comes with the package."""
    mine = store.artifacts.add("ann", publication("intents"))
    store.artifacts.add("ann", publication("intents"))  # a newer version changes nothing
    add(store, uses={"model": mine.id, "data": "bundled:sample"})
    assert claim(store).uses == {"model": mine, "data": "bundled:sample"}


def test_a_finished_job_is_not_held_any_more(store: Store) -> None:
    worker = join(store)
    add_all(store, [submission() for _ in range(3)])
    first, second, third = claims(store, worker)
    complete(store, first)
    fail(store, second)
    assert store.attempts.held(worker) == {(third.job.seq, third.token)}
