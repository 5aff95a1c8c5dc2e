"""Every move of a job's state that `headway.job.MOVES` allows can be made, and no other can."""

from collections.abc import Callable, Mapping
from itertools import product

import pytest

from headway.errors import AlreadyFinished, NotFinished, NotFound
from headway.job import MOVES, Job, Status
from headway.store.contract import Store
from headway.store.values.attempts import Claim, Part
from headway.verdict import Completed, Crashed, Failed, Stopped, Verdict
from tests.contract.acts import (
    add,
    checkpoint,
    claim,
    claims,
    complete,
    conclude,
    everything,
    fail,
    join,
    now_of,
    report,
    told,
)

Act = Callable[[Store, Job, Claim], object]


def a_job(store: Store, status: Status) -> tuple[Job, Claim]:
    """A job in this state, with a failed item, and a claim: its last one, or one it has lost."""
    job = add(store, max_attempts=2)
    held = claim(store)
    report(store, held, parts=[Part(first=0, count=1, failed=1, path="part", size=1)])
    if status is Status.PENDING:
        conclude(store, held, Stopped("the worker was stopped"))
    elif status is Status.COMPLETED:
        complete(store, held, {"old": True})
    elif status is Status.FAILED:
        fail(store, held, retryable=False)
    elif status is Status.CANCELLED:
        store.jobs.cancel(job.id)
    job = now_of(store, job)
    assert job.status is status
    return job, held


def _verdict(status: Status) -> Act:
    return lambda store, job, held: report(
        store, held, verdict=Verdict(status=status, reason="told", error="told")
    )


def _cancel(store: Store, job: Job, held: Claim) -> None:
    if job.status.finished:
        with pytest.raises(AlreadyFinished, match=f"Cannot cancel {job.status} job"):
            store.jobs.cancel(job.id)
    else:
        assert store.jobs.cancel(job.id) == now_of(store, job)


def _retry(store: Store, job: Job, held: Claim) -> None:
    if job.status in (Status.FAILED, Status.CANCELLED):
        assert store.jobs.retry(job.id) == now_of(store, job)
    else:
        with pytest.raises(NotFinished, match=f"got a {job.status} one"):
            store.jobs.retry(job.id)


def _retry_items(store: Store, job: Job, held: Claim) -> None:
    if job.status.finished:
        assert store.jobs.retry_items(job.id) == now_of(store, job)
    else:
        with pytest.raises(NotFinished, match=f"got a {job.status} one"):
            store.jobs.retry_items(job.id)


ACTS: Mapping[str, tuple[Act, Status, frozenset[Status]]] = {
    "claim": (
        lambda store, job, held: claims(store, join(store)),
        Status.RUNNING,
        frozenset({Status.PENDING}),
    ),
    "complete": (_verdict(Status.COMPLETED), Status.COMPLETED, frozenset({Status.RUNNING})),
    "fail": (_verdict(Status.FAILED), Status.FAILED, frozenset({Status.RUNNING})),
    "give back": (_verdict(Status.PENDING), Status.PENDING, frozenset({Status.RUNNING})),
    "cancel": (_cancel, Status.CANCELLED, frozenset({Status.PENDING, Status.RUNNING})),
    "retry": (_retry, Status.PENDING, frozenset({Status.FAILED, Status.CANCELLED})),
    "retry items": (
        _retry_items,
        Status.PENDING,
        frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    ),
}
"""What can be tried, the state it leads to, and the states in which it may."""


def test_the_acts_make_every_move_there_is() -> None:
    made = {(source, target) for _, target, sources in ACTS.values() for source in sources}
    assert made == {(source, target) for source, targets in MOVES.items() for target in targets}


@pytest.mark.parametrize(
    ("act", "source"),
    [pytest.param(*pair, id=f"{pair[0]} {pair[1]}") for pair in product(ACTS, Status)],
)
def test_an_act_moves_a_job_only_from_the_states_that_are_drawn(
    store: Store, act: str, source: Status
) -> None:
    """A move that is not drawn changes nothing that can be read, not even the version."""
    job, held = a_job(store, source)
    before = everything(store, job)
    do, target, sources = ACTS[act]

    do(store, job, held)

    after = now_of(store, job)
    if source in sources:
        assert after.status is target
        assert after.version > job.version
        assert told(store, job)[-1].data["status"] == target
    else:
        assert everything(store, job) == before


def test_a_job_that_does_not_exist_can_be_neither_cancelled_nor_retried(store: Store) -> None:
    with pytest.raises(NotFound, match="Job not found"):
        store.jobs.cancel("no-such-id")
    with pytest.raises(NotFound, match="Job not found"):
        store.jobs.retry("no-such-id")


def test_a_verdict_is_recorded_exactly_once(store: Store) -> None:
    """The second verdict of one attempt finds no running job, whatever it says."""
    job = add(store)
    held = claim(store)
    assert complete(store, held, {"first": True})
    before = everything(store, job)
    assert not report(store, held, verdict=Verdict(status=Status.COMPLETED, reason="again"))
    assert not report(store, held, verdict=Verdict(status=Status.FAILED, reason="again"))
    assert everything(store, job) == before
    assert len(store.jobs.attempts(job.id)) == 1


@pytest.mark.parametrize(
    "outcome",
    [Completed({"late": True}), Failed("late"), Crashed("late"), Stopped("late")],
    ids=lambda outcome: type(outcome).__name__,
)
def test_a_late_verdict_does_not_revive_a_cancelled_job(
    store: Store, outcome: Completed | Failed | Crashed | Stopped
) -> None:
    job = add(store, max_attempts=5)
    held = claim(store)
    cancelled = store.jobs.cancel(job.id)
    before = everything(store, job)
    assert not conclude(store, held, outcome)
    assert everything(store, job) == before
    assert cancelled.status is Status.CANCELLED
    assert cancelled.result is None


def test_cancelling_a_pending_job_leaves_nothing_to_claim(store: Store) -> None:
    job = store.jobs.cancel(add(store).id)
    assert job.status is Status.CANCELLED
    assert job.completed_at is not None
    assert claims(store, join(store)) == []
    assert store.jobs.attempts(job.id) == []


def test_cancelling_a_delayed_job_ends_its_waiting(store: Store) -> None:
    job = store.jobs.cancel(add(store, run_at=4e9).id)
    assert (job.status, job.waiting_for) == (Status.CANCELLED, None)
    assert store.attempts.next_due_in() is None


def test_cancelling_a_running_job_ends_its_attempt(store: Store) -> None:
    job = add(store)
    worker = join(store)
    held = claim(store, worker)
    store.jobs.cancel(job.id)
    (attempt,) = store.jobs.attempts(job.id)
    assert (attempt.token, attempt.worker, attempt.reason) == (held.token, worker, "cancelled")
    assert store.attempts.held(worker) == set()


def test_a_retried_job_begins_with_fresh_counters_and_a_new_token(store: Store) -> None:
    job = add(store, max_attempts=2)
    first = claim(store)
    fail(store, first)
    second = claim(store)
    fail(store, second, "broke again")
    assert now_of(store, job).attempt == 2

    again = store.jobs.retry(job.id)

    assert (again.status, again.attempt, again.error) == (Status.PENDING, 0, None)
    assert (again.completed_at, again.waiting_for) == (None, None)
    third = claim(store)
    assert third.token > second.token > first.token
    assert third.job.id == job.id
    assert fail(store, third)
    assert now_of(store, job).status is Status.PENDING  # it has its two attempts again


def test_what_a_failed_job_has_found_goes_with_its_failure(store: Store) -> None:
    job = add(store)
    conclude(store, claim(store), Failed("too many are broken", False, result={"broken": 40}))
    failed = now_of(store, job)
    assert (failed.status, failed.result) == (Status.FAILED, {"broken": 40})
    assert store.jobs.retry(job.id).result is None


def test_a_retried_job_goes_on_from_its_last_checkpoint(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, checkpoint=checkpoint(1, row=700))
    store.jobs.cancel(job.id)
    store.jobs.retry(job.id)
    assert claim(store).checkpoints[0].state == {"row": 700}
