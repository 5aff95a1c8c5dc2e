"""Limits hold at every moment, whoever comes at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from headway.errors import LimitReached, ServiceLimit, UserLimit
from headway.job import Status, Waiting
from headway.limits import Limits
from headway.retry import Backoff
from headway.store.contract import Store
from headway.store.values.submission import Added, Decided, Submission
from headway.verdict import Failed
from tests.contract.acts import (
    add,
    add_all,
    claims,
    complete,
    conclude,
    estimates,
    fail,
    join,
    key,
    lapse,
    loads,
    now_of,
    submission,
)
from tests.waiting import eventually

THREE = Limits(queued_per_user=3)
ONE_AT_A_TIME = Limits(running_per_user=1)


def offered(store: Store, wishes: Sequence[Submission], limits: Limits) -> list[Decided]:
    return store.jobs.add(wishes, limits)


def passed(answers: Sequence[Decided]) -> list[bool]:
    return [isinstance(one, Added) for one in answers]


def test_a_user_has_so_many_jobs_and_no_more(store: Store) -> None:
    """The one beyond is refused with the limit and the number; other users have their own."""
    wishes = [submission() for _ in range(4)]
    answers = offered(store, [*wishes, submission(owner="bob")], THREE)
    assert passed(answers) == [True, True, True, False, True]
    refused = answers[3]
    assert isinstance(refused, UserLimit)
    assert (refused.code, refused.limit, refused.current) == ("too_many_jobs", 3, 3)
    assert store.jobs.get(wishes[3].id) is None
    assert loads(store) == {"ann": (3, 3), "bob": (1, 1)}


def test_room_is_made_by_every_end(store: Store) -> None:
    """A completed job, a failed one and a cancelled one each make room for another."""
    jobs = add_all(store, [submission() for _ in range(3)])
    worker = join(store)
    first, second, _ = claims(store, worker)
    assert passed(offered(store, [submission()], THREE)) == [False]
    complete(store, first)
    fail(store, second)
    store.jobs.cancel(jobs[2].id)
    assert passed(offered(store, [submission() for _ in range(4)], THREE)) == [True] * 3 + [False]


def test_what_comes_together_is_let_in_together(store: Store) -> None:
    """A list that does not fit is refused whole, and a single job beside it is not."""
    add(store)
    together = [submission(together="t") for _ in range(3)]
    single = [submission(), submission()]
    assert passed(offered(store, [*together, *single], THREE)) == [False] * 3 + [True] * 2


def test_all_users_together_have_a_limit(store: Store) -> None:
    """It is the service's, and says so."""
    limits = Limits(queued=2)
    answers = offered(store, [submission(owner=name) for name in ("ann", "bob", "eve")], limits)
    assert passed(answers) == [True, True, False]
    assert isinstance(answers[2], ServiceLimit)
    assert (answers[2].code, answers[2].limit, answers[2].current) == ("queue_full", 2, 2)


def test_what_was_accepted_is_replayed_beyond_the_limit(store: Store) -> None:
    """A client that asks again for its job gets it, however full the queue is by now."""
    wish = submission(idempotency=key("k"))
    (made,) = offered(store, [wish], THREE)
    add_all(store, [submission() for _ in range(2)])
    again, new = offered(store, [submission(idempotency=key("k")), submission()], THREE)
    assert isinstance(made, Added)
    assert isinstance(again, Added)
    assert (again.replayed, again.job.id) == (True, made.job.id)
    assert isinstance(new, UserLimit)


def test_twins_of_what_is_refused_are_refused(store: Store) -> None:
    """By their idempotency key or their unique one: nobody is given a job that was not made."""
    limits = Limits(queued_per_user=1)
    wishes = [
        submission(),
        submission(idempotency=key("k")),
        submission(idempotency=key("k")),
        submission(unique_key="u"),
        submission(unique_key="u"),
    ]
    answers = offered(store, wishes, limits)
    assert passed(answers) == [True, False, False, False, False]
    assert all(isinstance(one, LimitReached) for one in answers[1:])
    # Nothing was kept of the key: with room it makes a job.
    (later,) = offered(store, [submission(idempotency=key("k"))], THREE)
    assert isinstance(later, Added)
    assert not later.replayed


def test_a_job_that_had_ended_needs_room_too(store: Store) -> None:
    """Retrying it counts as another."""
    job = add(store)
    store.jobs.cancel(job.id)
    add_all(store, [submission() for _ in range(3)])
    with pytest.raises(UserLimit, match="at most 3 jobs"):
        store.jobs.retry(job.id, THREE)
    assert now_of(store, job).status is Status.CANCELLED


def test_nobody_gets_past_a_limit_by_coming_at_once(open_store: Callable[[], Store]) -> None:
    """Eight who submit at the same moment through stores of their own get ten jobs, not eleven."""
    limits = Limits(queued_per_user=10)
    stores = [open_store() for _ in range(8)]

    def submit(store: Store) -> list[Decided]:
        return [one for _ in range(5) for one in offered(store, [submission()], limits)]

    with ThreadPoolExecutor(8) as pool:
        answers = [one for many in pool.map(submit, stores) for one in many]
    assert sum(passed(answers)) == 10
    assert loads(stores[0]) == {"ann": (10, 10)}


def test_one_job_runs_and_the_others_wait_for_the_limit(store: Store) -> None:
    """They say so, no claim sees them, and they come in one by one in the order of the queue."""
    answers = offered(store, [submission(priority=5), submission(priority=5)], ONE_AT_A_TIME)
    answers += offered(store, [submission(priority=0)], ONE_AT_A_TIME)
    jobs = [one.job for one in answers if isinstance(one, Added)]
    waits = [now_of(store, one).waiting_for for one in jobs]
    assert waits == [None, Waiting.LIMIT, Waiting.LIMIT]
    worker = join(store)
    order = []
    for _ in jobs:
        (claim,) = claims(store, worker, limits=ONE_AT_A_TIME)
        assert claims(store, worker, limits=ONE_AT_A_TIME) == []
        order.append(claim.job.id)
        complete(store, claim)
    assert order == [jobs[0].id, jobs[2].id, jobs[1].id]
    assert loads(store) == {}


def test_others_run_while_one_waits_for_his_limit(store: Store) -> None:
    """The limit is each user's own."""
    wishes = [submission(owner=name) for name in ("ann", "ann", "bob", "bob")]
    offered(store, wishes, ONE_AT_A_TIME)
    found = claims(store, join(store), limits=ONE_AT_A_TIME)
    assert sorted(one.job.owner for one in found) == ["ann", "bob"]


def test_a_place_is_free_when_its_holder_goes_back_to_wait(store: Store) -> None:
    """A job that will be tried again later takes no place until then; a lost worker's job keeps
    its own, since it goes on at once."""
    first, second = offered(store, [submission(max_attempts=2), submission()], ONE_AT_A_TIME)
    assert isinstance(first, Added)
    assert isinstance(second, Added)
    worker = join(store)
    (claim,) = claims(store, worker, limits=ONE_AT_A_TIME)
    lapse(store, worker)
    store.workers.expired()
    assert store.workers.reap([worker], 10) == 1
    worker = join(store)
    (again,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert again.job.id == claim.job.id == first.job.id
    fail(store, again)  # it is due again at once, and the older of the two
    (third,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert third.job.id == first.job.id
    assert now_of(store, second.job).waiting_for is Waiting.LIMIT
    complete(store, third)
    (last,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert last.job.id == second.job.id


def test_a_cancelled_job_makes_way(store: Store) -> None:
    """Whether it was running, or waited itself."""
    added = offered(store, [submission() for _ in range(3)], ONE_AT_A_TIME)
    jobs = [one.job for one in added if isinstance(one, Added)]
    worker = join(store)
    claims(store, worker, limits=ONE_AT_A_TIME)
    store.jobs.cancel(jobs[1].id)
    assert claims(store, worker, limits=ONE_AT_A_TIME) == []
    store.jobs.cancel(jobs[0].id)
    (claim,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert claim.job.id == jobs[2].id


def test_what_waited_comes_in_when_the_limit_is_lifted(store: Store) -> None:
    """A worker without the limit finds it."""
    offered(store, [submission() for _ in range(5)], ONE_AT_A_TIME)
    assert len(claims(store, join(store))) == 5


def test_delayed_jobs_wait_for_the_limit_when_they_are_due(store: Store) -> None:
    """Being due is not yet a place."""
    offered(store, [submission(delay=0.05) for _ in range(3)], ONE_AT_A_TIME)
    worker = join(store)
    found = eventually(lambda: claims(store, worker, limits=ONE_AT_A_TIME))
    eventually(lambda: store.attempts.next_due_in() in (None, 0.0))
    assert len(found) == 1
    assert claims(store, worker, limits=ONE_AT_A_TIME) == []


def test_workers_at_once_do_not_pass_a_running_limit(open_store: Callable[[], Store]) -> None:
    """Eight workers of their own claim from one user's fifty jobs: three run."""
    limits = Limits(running_per_user=3)
    stores = [open_store() for _ in range(8)]
    offered(stores[0], [submission() for _ in range(50)], limits)
    workers = [join(store) for store in stores]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            taken = pool.map(
                lambda one: claims(one[0], one[1], limits=limits), zip(stores, workers, strict=True)
            )
            held = [claim for many in taken for claim in many]
            assert len(held) == 3
            list(pool.map(lambda claim: complete(stores[0], claim), held))


def test_so_many_jobs_run_over_all_workers(store: Store) -> None:
    """In all, and of one operation."""
    add_all(
        store, [submission("train") for _ in range(5)] + [submission("resize") for _ in range(5)]
    )
    limits = Limits(running=4, running_of={"train": 1})
    found = claims(store, join(store), 100, "resize", "train", limits=limits)
    found += claims(store, join(store), 100, "resize", "train", limits=limits)
    assert len(found) == 4
    assert sum(one.job.operation == "train" for one in found) == 1
    train = next(one for one in found if one.job.operation == "train")
    complete(store, train)
    (next_one,) = claims(store, join(store), 100, "resize", "train", limits=limits)
    assert next_one.job.operation in ("resize", "train")


def test_nothing_of_a_paused_operation_is_claimed(store: Store) -> None:
    """What runs goes on and ends; what waits says that it waits for that; resumed, it goes on."""
    job = add(store)
    worker = join(store)
    (running,) = claims(store, worker)
    waiting = add(store)
    other = add(store, "train")
    assert store.pauses.pause("resize")
    assert not store.pauses.pause("resize")
    assert list(store.pauses.all()) == ["resize"]
    (claim,) = claims(store, worker, 100, "resize", "train")
    assert claim.job.id == other.id
    assert complete(store, running)
    assert now_of(store, job).status is Status.COMPLETED
    told = estimates(store, [now_of(store, waiting)])[waiting.id]
    assert told.paused
    assert store.pauses.resume("resize")
    assert not store.pauses.resume("resize")
    (claim,) = claims(store, worker)
    assert claim.job.id == waiting.id


def test_retries_of_paused_operations_wait_as_well(store: Store) -> None:
    """A retry whose time has come is not begun either."""
    add(store, max_attempts=2)
    worker = join(store)
    (claim,) = claims(store, worker)
    store.pauses.pause("resize")
    fail(store, claim)
    assert claims(store, worker) == []
    store.pauses.resume("resize")
    assert len(eventually(lambda: claims(store, worker))) == 1


def test_what_is_given_up_is_counted_no_more(store: Store) -> None:
    """A verdict with a delay frees the place, and the end frees the rest."""
    add(store, max_attempts=2)
    worker = join(store)
    (claim,) = claims(store, worker)
    conclude(store, claim, Failed("it broke"), Backoff(base=600, cap=600))
    assert loads(store) == {"ann": (1, 0)}
