"""Unique keys: one unfinished job of an owner and operation, however many ask for it at once."""

import threading
from collections.abc import Callable

import pytest

from headway.errors import NotUnique
from headway.job import Status
from headway.store.contract import Store
from headway.store.values.attempts import Claim
from headway.store.values.history import JobQuery
from headway.store.values.submission import Added, Submission
from tests.contract.acts import add, claim, complete, crash, fail, key, now_of, submission


def ask(store: Store, *wishes: Submission) -> list[Added]:
    """Submit, with no idempotency key reused."""
    answers = store.jobs.add(wishes)
    assert all(isinstance(one, Added) for one in answers)
    return [one for one in answers if isinstance(one, Added)]


def test_an_unfinished_job_stands_for_the_next(store: Store) -> None:
    first = add(store, unique_key="nightly")
    assert first.unique_key == "nightly"
    (pending,) = ask(store, submission(unique_key="nightly", input=b'{"other": 1}'))
    assert pending == Added(now_of(store, first), existing=True)
    assert not pending.made
    held = claim(store)
    (running,) = ask(store, submission(unique_key="nightly"))
    assert (running.job.id, running.job.status) == (first.id, Status.RUNNING)
    crash(store, held)
    (waiting,) = ask(store, submission(unique_key="nightly"))
    assert (waiting.job.id, waiting.existing) == (first.id, True)
    assert len(store.jobs.find(JobQuery())) == 1


@pytest.mark.parametrize("end", [complete, fail, None])
def test_a_finished_job_stands_for_nothing(
    store: Store, end: Callable[[Store, Claim], bool] | None
) -> None:
    first = add(store, unique_key="nightly")
    if end is None:
        store.jobs.cancel(first.id)
    else:
        end(store, claim(store))
    (fresh,) = ask(store, submission(unique_key="nightly"))
    assert fresh.made
    assert fresh.job.id != first.id


def test_a_key_is_its_owners_and_its_operations(store: Store) -> None:
    wishes = [
        submission("resize", "ann", unique_key="k"),
        submission("resize", "bob", unique_key="k"),
        submission("train", "ann", unique_key="k"),
        submission("resize", "ann", unique_key="K"),
        submission("resize", "ann"),
        submission("resize", "ann"),
    ]
    assert all(one.made for one in ask(store, *wishes))
    assert len(store.jobs.find(JobQuery())) == 6


def test_twins_in_one_transaction_are_one_job(store: Store) -> None:
    wishes = [submission(unique_key=name) for name in ("a", "b", "a", "a")]
    answers = ask(store, *wishes)
    assert [one.made for one in answers] == [True, True, False, False]
    assert {one.job.id for one in answers} == {wishes[0].id, wishes[1].id}
    assert answers[2] == answers[3] == Added(answers[0].job, existing=True)


def test_those_who_ask_at_once_get_one_job(open_store: Callable[[], Store]) -> None:
    """Decided in the transaction of the insert: eight stores, twenty rounds, one job a round."""
    stores = [open_store() for _ in range(8)]
    for number in range(20):
        answers = ask_at_once(stores, f"round-{number}")
        assert sum(one.made for one in answers) == 1
        assert len({one.job.id for one in answers}) == 1


def ask_at_once(stores: list[Store], unique_key: str) -> list[Added]:
    """Each store asks for a job under this key, all at the same moment."""
    together = threading.Barrier(len(stores))
    answers: list[Added] = []

    def one(store: Store) -> None:
        together.wait()
        answers.extend(ask(store, submission(unique_key=unique_key)))

    threads = [threading.Thread(target=one, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(stores)
    return answers


def test_a_repeated_request_is_answered_as_before(store: Store) -> None:
    """Also when its answer was a job that stood for it, and that job has ended since."""
    first = add(store, unique_key="u")
    (stood,) = ask(store, submission(unique_key="u", idempotency=key("k")))
    assert (stood.existing, stood.replayed) == (True, False)
    complete(store, claim(store))
    (again,) = ask(store, submission(unique_key="u", idempotency=key("k")))
    assert again == Added(now_of(store, first), replayed=True, existing=True)


def test_a_repeated_request_that_made_a_job_says_so(store: Store) -> None:
    wishes = [submission(unique_key="u", idempotency=key("k")) for _ in range(2)]
    made, twin = ask(store, *wishes)
    assert made.made
    assert twin == Added(made.job, replayed=True)


def test_a_retry_beside_another_unfinished_job_is_refused(store: Store) -> None:
    old = add(store, unique_key="u")
    fail(store, claim(store))
    new = add(store, unique_key="u")
    with pytest.raises(NotUnique, match=f"pending job {new.id}; wait for its end, or cancel it"):
        store.jobs.retry(old.id)
    assert now_of(store, old).status is Status.FAILED
    store.jobs.cancel(new.id)
    assert store.jobs.retry(old.id).status is Status.PENDING
    with pytest.raises(NotUnique):
        store.jobs.retry(new.id)
