"""Failed items tried again: their parts are replaced, everything else stays, and the counts add up."""

from dataclasses import replace

import pytest

from headway.errors import AlreadyFinished, Conflict, NotFinished
from headway.job import Job, Status
from headway.store.contract import Store
from headway.store.values.attempts import Claim, Part, StoredCheckpoint
from headway.verdict import Completed, decide
from tests.contract.acts import AT_ONCE, add, claim, now_of, report, told

SAVED = StoredCheckpoint(number=1, state={"done": 6}, attempt_token=1, items=6)


def part(first: int, failed: int, path: str = "old", *, redone: bool = False) -> Part:
    return Part(first=first, count=3, failed=failed, path=path, size=9, redone=redone)


def completed(store: Store) -> Job:
    """A job with three parts, of which two hold failed items."""
    job = add(store, owner="ann")
    held = claim(store)
    parts = [part(0, 1), part(3, 0), part(6, 2)]
    report(store, held, parts=parts, total=9, checkpoint=SAVED)
    report(store, held, verdict=decide(Completed({"n": 9}), held.job, AT_ONCE))
    return now_of(store, job)


def counts(store: Store, job: Job) -> tuple[int | None, int, int]:
    found = now_of(store, job).counts
    assert found.total is not None
    assert found.succeeded + found.failed + (found.remaining or 0) == found.total
    return found.total, found.succeeded, found.failed


def again(store: Store, job: Job) -> Claim:
    assert store.jobs.retry_items(job.id) == now_of(store, job)
    return claim(store)


def test_a_completed_job_is_due_again_for_its_failed_items(store: Store) -> None:
    """Its claim says which parts they are in, and where it had got to."""
    job = completed(store)
    due = store.jobs.retry_items(job.id)
    assert (due.status, due.result, due.completed_at, due.progress) == (
        Status.PENDING, None, None, 0,
    )  # fmt: skip
    assert told(store, job)[-1].data["reason"] == "failed items retried by its owner"
    held = claim(store)
    assert [one.first for one in held.redo] == [0, 6]
    assert held.checkpoints[0].state == {"done": 6}
    assert counts(store, job) == (9, 6, 3)


def test_results_are_replaced_in_their_place_and_counted_once(store: Store) -> None:
    job = completed(store)
    held = again(store, job)
    report(store, held, parts=[part(6, 1, "new", redone=True)])
    assert counts(store, job) == (9, 7, 2)
    assert [(one.first, one.path) for one in store.jobs.parts(job.id)] == [
        (0, "old"), (3, "old"), (6, "new"),
    ]  # fmt: skip
    report(store, held, parts=[part(0, 0, "new", redone=True)])
    report(store, held, verdict=decide(Completed({"n": 9}), held.job, AT_ONCE))
    assert counts(store, job) == (9, 8, 1)
    assert now_of(store, job).status is Status.COMPLETED


def test_an_interrupted_attempt_leaves_only_the_rest_to_the_next(store: Store) -> None:
    """What was tried again and still failed is not tried a third time."""
    job = completed(store)
    held = again(store, job)
    report(store, held, parts=[part(0, 1, "new", redone=True)])
    store.workers.leave(now_of(store, job).worker or "")
    assert [one.first for one in claim(store).redo] == [6]


def test_an_attempt_that_lost_its_claim_replaces_nothing(store: Store) -> None:
    job = completed(store)
    held = again(store, job)
    store.jobs.cancel(job.id)
    before = store.jobs.parts(job.id)
    assert not report(store, held, parts=[part(0, 0, "new", redone=True)])
    assert store.jobs.parts(job.id) == before
    assert counts(store, job) == (9, 6, 3)


def test_only_a_job_that_has_ended_with_failed_items_can_try_them_again(store: Store) -> None:
    running = add(store)
    held = claim(store)
    with pytest.raises(NotFinished, match="got a running one"):
        store.jobs.retry_items(running.id)
    report(store, held, parts=[part(0, 0)], verdict=decide(Completed(1), held.job, AT_ONCE))
    with pytest.raises(Conflict, match="got one without"):
        store.jobs.retry_items(running.id)
    assert now_of(store, running).status is Status.COMPLETED
    with pytest.raises(AlreadyFinished):
        store.jobs.cancel(running.id)


def test_a_part_keeps_the_hash_of_its_file(store: Store) -> None:
    """Also when it is handed out to be tried again, and when another takes its place."""
    job = add(store, owner="ann")
    held = claim(store)
    old = replace(part(0, 1), sha256="a" * 64)
    report(store, held, parts=[old], total=3, checkpoint=SAVED)
    report(store, held, verdict=decide(Completed({"n": 3}), held.job, AT_ONCE))
    assert store.jobs.parts(job.id) == [old]
    held = again(store, job)
    assert list(held.redo) == [old]
    mended = replace(part(0, 0, "new", redone=True), sha256="b" * 64)
    report(store, held, parts=[mended])
    assert store.jobs.parts(job.id) == [replace(mended, redone=False)]
