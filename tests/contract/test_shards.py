"""A job that was split: its shards are claimed like jobs, and the last of them makes its merge due."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from headway.errors import Conflict, NotFound, UserLimit
from headway.estimate import NO_ESTIMATE
from headway.events import LogLine
from headway.job import Job, Status, Waiting
from headway.limits import UNLIMITED, Limits
from headway.registry import Registry
from headway.retry import Backoff
from headway.store.contract import Store
from headway.store.values.attempts import Claim, Part, Report, StoredCheckpoint
from headway.store.values.history import JobQuery
from headway.verdict import Completed, Failed, Split, decide
from headway.why import Surroundings, why
from tests.contract.acts import (
    AT_ONCE,
    add,
    claim,
    claims,
    complete,
    conclude,
    crash,
    everything,
    fail,
    join,
    lapse,
    loads,
    now_of,
    report,
    submission,
    told,
)
from tests.waiting import eventually

ONE_AT_A_TIME = Limits(running_per_user=1)


def split(store: Store, of: Claim, shards: int = 3) -> bool:
    return conclude(store, of, Split([f'{{"part":{n}}}' for n in range(shards)]))


def split_job(store: Store, shards: int = 3, **fields: Any) -> Job:
    """A job that waits for so many shards, none of which has begun."""
    job = add(store, **fields)
    assert split(store, claim(store), shards)
    return now_of(store, job)


def part(first: int, count: int = 2, failed: int = 0, path: str = "p") -> Part:
    return Part(first=first, count=count, failed=failed, path=path, size=9)


def finish(store: Store, held: Sequence[Claim]) -> None:
    for one in held:
        assert complete(store, one, {"from": one.job.shard})


def test_a_split_job_waits_and_its_shards_are_due(store: Store) -> None:
    """It is running, but nobody's: it takes no slot and no sweep finds it."""
    job = add(store, owner="ann", priority=3, max_attempts=2, timeout=9.0)
    worker = join(store)
    (held,) = claims(store, worker, 1)
    assert split(store, held)
    found = now_of(store, job)
    assert (found.status, found.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    assert (found.shards, found.worker, found.completed_at) == (3, None, None)
    assert store.attempts.held(worker) == set()
    assert [one.reason for one in store.jobs.attempts(job.id)] == ["split"]
    assert told(store, job)[-1].data["reason"] == "split into 3 shards"
    shards = store.jobs.shards(job.id)
    assert [(one.parent, one.shard, one.status) for one in shards] == [
        (job.id, number, Status.PENDING) for number in range(3)
    ]
    assert {(one.owner, one.operation, one.priority, one.max_attempts, one.timeout)
            for one in shards} == {("ann", job.operation, 3, 2, 9.0)}  # fmt: skip
    assert [one.input for one in claims(store, worker, 5)] == [
        b'{"part":0}', b'{"part":1}', b'{"part":2}',
    ]  # fmt: skip


def test_the_attempt_that_split_it_can_write_no_more(store: Store) -> None:
    job = add(store)
    held = claim(store)
    assert split(store, held)
    before = everything(store, job)
    assert not split(store, held)
    assert not complete(store, held)
    assert not report(store, held, progress=50.0)
    assert everything(store, job) == before


def test_the_last_shard_makes_the_merge_due_with_all_results_in_order(store: Store) -> None:
    job = split_job(store)
    worker = join(store)
    held = claims(store, worker, 3)
    finish(store, held[1:])
    assert claims(store, worker, 9) == []
    finish(store, held[:1])
    (merge,) = claims(store, worker, 9)
    assert merge.job.id == job.id
    assert merge.results == [{"from": 0}, {"from": 1}, {"from": 2}]
    assert complete(store, merge, {"all": 3})
    ended = now_of(store, job)
    assert (ended.status, ended.result, ended.progress) == (Status.COMPLETED, {"all": 3}, 100.0)
    assert claims(store, worker, 9) == []


def test_shards_that_end_in_one_commit_make_one_merge_due(store: Store) -> None:
    job = split_job(store)
    worker = join(store)
    held = claims(store, worker, 3)
    written = store.attempts.record(
        [
            Report(
                seq=one.job.seq, token=one.token, parent=job.id,
                verdict=decide(Completed(1), one.job, AT_ONCE),
            )
            for one in held
        ]
    )  # fmt: skip
    assert len(written) == 3
    assert [one.job.id for one in claims(store, worker, 9)] == [job.id]
    events = told(store, job)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events][-5:] == ["shard", "shard", "shard", "status", "status"]


@pytest.mark.parametrize("round", range(5))
def test_two_last_shards_in_two_transactions_make_one_merge_due(
    open_store: Callable[[], Store], round: int
) -> None:
    """Neither may look at the other as it was before: then nobody would end the job."""
    stores = [open_store(), open_store()]
    job = split_job(stores[0], 2)
    worker = join(stores[0])
    held = claims(stores[0], worker, 2)
    barrier = Barrier(2)

    def end(store: Store, one: Claim) -> bool:
        barrier.wait(30)
        return complete(store, one, 1)

    with ThreadPoolExecutor(2) as threads:
        assert all(threads.map(end, stores, held))
    assert [one.job.id for one in claims(stores[0], worker, 9)] == [job.id]
    merges = [one for one in told(stores[0], job) if one.data.get("status") == "pending"]
    assert len([one for one in merges if one.kind == "status"]) == 2  # submitted, to be merged


def test_counts_and_progress_are_sums_and_add_up_at_every_moment(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, total=8)
    split(store, held, 2)
    first, second = claims(store, join(store), 2)

    def counts() -> tuple[int | None, int, int, float]:
        found = now_of(store, job)
        assert found.counts.total is not None
        assert found.counts.remaining is not None
        assert found.counts.remaining >= 0
        return (found.counts.total, found.counts.succeeded, found.counts.failed, found.progress)

    assert counts() == (8, 0, 0, 0.0)
    report(store, first, total=5, progress=40.0, parts=[part(0, 2, 1)])
    assert counts() == (8, 1, 1, 20.0)
    report(store, second, total=3, progress=100.0, parts=[part(0, 3)])
    assert counts() == (8, 4, 1, 70.0)
    report(store, first, parts=[part(2, 3)])
    finish(store, [first, second])
    assert counts() == (8, 7, 1, 100.0)
    assert now_of(store, job).message == "2 of 2 shards are done"


def test_results_come_in_the_order_of_the_shards_while_they_run(store: Store) -> None:
    """A part has an index from the moment everything before it is there."""
    job = split_job(store, 3)
    first, second, third = claims(store, join(store), 3)

    def firsts(after: int = -1) -> list[tuple[int, str]]:
        return [(one.first, one.path) for one in store.jobs.parts(job.id, after=after)]

    report(store, second, total=2, parts=[part(0, path="b0")])
    assert firsts() == []
    report(store, first, total=4, parts=[part(0, path="a0")])
    assert firsts() == [(0, "a0")]
    report(store, first, parts=[part(2, path="a2")])
    assert firsts() == [(0, "a0"), (2, "a2"), (4, "b0")]
    assert firsts(3) == [(4, "b0")]
    assert firsts(1) == [(2, "a2"), (4, "b0")]
    report(store, third, parts=[part(0, path="c0")])
    finish(store, [second])
    assert firsts(5) == [(6, "c0")]


def test_what_shards_tell_is_in_the_jobs_own_history_without_gap_or_double(store: Store) -> None:
    job = split_job(store, 2)
    first, second = claims(store, join(store), 2)
    report(store, first, facts=[LogLine("info", "hello")], parts=[part(0)])
    report(store, second, parts=[part(0, 3, 1)])
    finish(store, [second, first])
    events = told(store, job)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [(event.kind, event.data.get("shard")) for event in events][3:] == [
        ("log", 0), ("items", 0), ("items", 1), ("shard", 1), ("shard", 0), ("status", None),
    ]  # fmt: skip
    assert events[5].data == {"shard": 1, "first": 0, "count": 3, "failed": 1}


def test_cancelling_the_job_cancels_its_shards_in_the_same_transaction(store: Store) -> None:
    job = split_job(store)
    worker = join(store)
    first, second = claims(store, worker, 2)
    finish(store, [first])
    position = store.events.last_position()
    assert store.jobs.cancel(job.id).status is Status.CANCELLED
    assert [one.status for one in store.jobs.shards(job.id)] == [
        Status.COMPLETED, Status.CANCELLED, Status.CANCELLED,
    ]  # fmt: skip
    assert store.attempts.held(worker) == set()
    assert not complete(store, second)
    assert claims(store, worker, 9) == []
    assert [one.reason for one in store.jobs.attempts(second.job.id)] == ["cancelled"]
    assert len(store.events.after(position)) == 3


def test_a_shard_that_fails_for_good_fails_the_job_and_cancels_the_others(store: Store) -> None:
    job = split_job(store, max_attempts=2)
    worker = join(store)
    first, second = claims(store, worker, 2)
    assert fail(store, second)
    assert now_of(store, job).status is Status.RUNNING  # it has another attempt
    third, second = claims(store, worker, 2)
    assert (third.job.shard, second.job.shard, second.job.attempt) == (2, 1, 1)
    assert fail(store, second, "it broke")
    failed = now_of(store, job)
    assert (failed.status, failed.error) == (Status.FAILED, "shard 2 of 3 failed: it broke")
    assert [one.status for one in store.jobs.shards(job.id)] == [
        Status.CANCELLED, Status.FAILED, Status.CANCELLED,
    ]  # fmt: skip
    assert not complete(store, first)
    assert claims(store, worker, 9) == []
    assert told(store, job)[-1].data["reason"] == failed.error


def test_a_failure_wins_over_what_else_is_in_its_commit(store: Store) -> None:
    job = split_job(store, 2)
    first, second = claims(store, join(store), 2)
    position = store.events.last_position()
    store.attempts.record(
        [
            Report(seq=first.job.seq, token=first.token, parent=job.id, parts=[part(0)]),
            Report(
                seq=second.job.seq, token=second.token, parent=job.id,
                verdict=decide(Failed("it broke", retryable=False), second.job, AT_ONCE),
            ),
        ]
    )  # fmt: skip
    assert now_of(store, job).status is Status.FAILED
    assert now_of(store, first.job).status is Status.CANCELLED
    numbers: dict[str, list[int]] = {}
    for event in store.events.after(position):
        numbers.setdefault(event.job_id, []).append(event.number)
    assert all(found == sorted(found) for found in numbers.values())


def test_a_retry_by_hand_runs_only_what_was_not_completed(store: Store) -> None:
    job = split_job(store)
    worker = join(store)
    first, second = claims(store, worker, 2)
    finish(store, [first])
    report(
        store,
        second,
        checkpoint=StoredCheckpoint(number=1, state={"at": 7}, attempt_token=1, items=0),
    )
    assert fail(store, second, retryable=False)
    again = store.jobs.retry(job.id)
    assert (again.status, again.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    assert (again.error, again.completed_at) == (None, None)
    assert [event.data["status"] for event in told(store, job)[-2:]] == ["pending", "running"]
    second, third = claims(store, worker, 9)
    assert (second.job.shard, second.checkpoints[0].state) == (1, {"at": 7})
    finish(store, [third, second])
    (merge,) = claims(store, worker, 9)
    assert merge.results == [{"from": 0}, {"from": 1}, {"from": 2}]


def test_a_merge_that_failed_is_retried_alone(store: Store) -> None:
    job = split_job(store, 2)
    worker = join(store)
    finish(store, claims(store, worker, 2))
    (merge,) = claims(store, worker, 9)
    assert fail(store, merge, retryable=False)
    assert now_of(store, job).status is Status.FAILED
    assert store.jobs.retry(job.id).status is Status.PENDING
    (merge,) = claims(store, worker, 9)
    assert (merge.job.id, merge.results) == (job.id, [{"from": 0}, {"from": 1}])


def test_a_merge_that_was_interrupted_is_due_again(store: Store) -> None:
    split_job(store, 2)
    worker = join(store)
    finish(store, claims(store, worker, 2))
    (merge,) = claims(store, worker, 9)
    store.workers.leave(worker)
    (again,) = claims(store, join(store), 9)
    assert (again.results, again.job.interruptions) == (merge.results, 1)


def test_each_shard_counts_its_own_interruptions_and_crashes(store: Store) -> None:
    job = split_job(store, 2)
    dead = join(store)
    first, second = claims(store, dead, 2)
    assert crash(store, first)
    lapse(store, dead)
    assert store.workers.reap({dead}, 9) == 1
    counted = [(one.crashes, one.interruptions) for one in store.jobs.shards(job.id)]
    assert counted == [(1, 0), (0, 1)]
    found = now_of(store, job)
    assert (found.status, found.crashes, found.interruptions) == (Status.RUNNING, 0, 0)
    assert not complete(store, second)


def test_failed_items_are_tried_again_by_the_shards_that_have_them(store: Store) -> None:
    job = split_job(store, 2)
    worker = join(store)
    first, second = claims(store, worker, 2)
    report(store, first, total=2, parts=[part(0, path="a")])
    report(store, second, total=2, parts=[part(0, failed=1, path="b")])
    finish(store, [first, second])
    assert complete(store, claims(store, worker, 1)[0], {"n": 1})
    again = store.jobs.retry_items(job.id)
    assert (again.status, again.waiting_for, again.result) == (
        Status.RUNNING, Waiting.SHARDS, None,
    )  # fmt: skip
    assert [one.path for one in store.jobs.parts(job.id)] == ["a", "b"]
    (held,) = claims(store, worker, 9)
    assert (held.job.shard, [one.path for one in held.redo]) == (1, ["b"])
    mended = Part(first=0, count=2, failed=0, path="c", size=9, redone=True)
    report(store, held, parts=[mended])
    finish(store, [held])
    assert now_of(store, job).counts.failed == 0
    assert [one.path for one in store.jobs.parts(job.id)] == ["a", "c"]
    (merge,) = claims(store, worker, 9)
    assert merge.results is not None


def test_items_of_the_merge_come_behind_those_of_the_shards(store: Store) -> None:
    """And count like them."""
    job = split_job(store, 2)
    worker = join(store)
    first, second = claims(store, worker, 2)
    report(store, first, parts=[part(0, path="a")])
    finish(store, [first, second])
    (merge,) = claims(store, worker, 1)
    report(store, merge, parts=[part(0, path="m0")])
    report(store, merge, parts=[part(2, count=1, failed=1, path="m2")])
    assert complete(store, merge, {"n": 1})
    found = [(one.first, one.path) for one in store.jobs.parts(job.id)]
    assert found == [(0, "a"), (2, "m0"), (4, "m2")]
    assert [one.path for one in store.jobs.parts(job.id, after=3)] == ["m2"]
    counts = now_of(store, job).counts
    assert (counts.succeeded, counts.failed) == (4, 1)


def test_what_a_merge_has_given_is_taken_back_before_items_are_tried_again(store: Store) -> None:
    """It will be merged anew, from its beginning."""
    job = split_job(store, 2)
    worker = join(store)
    first, second = claims(store, worker, 2)
    report(store, first, total=2, parts=[part(0, failed=1, path="a")])
    finish(store, [first, second])
    (merge,) = claims(store, worker, 1)
    saved = StoredCheckpoint(number=1, state={"told": 2}, attempt_token=merge.token, items=2)
    report(store, merge, parts=[part(0, path="m")], checkpoint=saved)
    assert complete(store, merge, {"n": 1})
    store.jobs.retry_items(job.id)
    assert [one.path for one in store.jobs.parts(job.id)] == ["a"]
    finish(store, claims(store, worker, 9))
    (again,) = claims(store, worker, 9)
    assert (again.job.id, list(again.checkpoints)) == (job.id, [])
    counts = now_of(store, job).counts
    assert (counts.succeeded, counts.failed) == (1, 1)


def test_a_shard_cannot_be_cancelled_or_retried_by_itself(store: Store) -> None:
    job = split_job(store)
    shard = store.jobs.shards(job.id)[0]
    for act in (store.jobs.cancel, store.jobs.retry, store.jobs.retry_items):
        with pytest.raises(Conflict, match=job.id):
            act(shard.id)


def test_lists_queues_and_statistics_do_not_show_shards(store: Store) -> None:
    job = split_job(store, 4)
    worker = join(store)
    assert store.jobs.find(JobQuery(owner=job.owner)) == [now_of(store, job)]
    found = store.jobs.find(JobQuery(owner=job.owner, parent=job.id))
    assert [one.shard for one in found] == [3, 2, 1, 0]
    (depth,) = store.overview.depth()
    assert (depth.waiting, depth.running, depth.oldest) == (0, 1, None)
    first, second = claims(store, worker, 2)
    assert fail(store, first, retryable=False)
    assert [one.id for one in store.jobs.running([job.owner])] == []
    assert [(one.outcome, one.count) for one in store.overview.ended()] == [(Status.FAILED, 1)]
    stretch = store.events.of_owners([job.owner], 0)
    assert {one.event.job_id for one in stretch.events} == {job.id}
    assert second.job.parent == job.id


def test_shards_go_with_their_job_and_leave_no_tombstone(store: Store) -> None:
    job = split_job(store, 2)
    worker = join(store)
    held = claims(store, worker, 2)
    finish(store, held)
    assert not store.retention.prune(0.0).jobs
    assert complete(store, claims(store, worker, 1)[0])
    pruned = store.retention.prune(0.0)
    assert set(pruned.jobs) == {job.id, *(one.job.id for one in held)}
    assert store.jobs.shards(job.id) == []
    assert store.jobs.get(held[0].job.id) is None
    assert store.retention.tombstone(job.id) is not None
    assert store.retention.tombstone(held[0].job.id) is None


def test_shards_take_turns_with_the_jobs_of_others(store: Store) -> None:
    """A hundred shards of one owner do not keep another's one job waiting."""
    split_job(store, 100, owner="ann")
    worker = join(store)
    assert len(claims(store, worker, 2)) == 2
    late = add(store, owner="bob")
    assert [one.job.id for one in claims(store, worker, 1)] == [late.id]


def test_the_report_of_a_shard_that_does_not_name_its_parent_is_refused(store: Store) -> None:
    job = split_job(store)
    (held, *_) = claims(store, join(store), 1)
    with pytest.raises(ValueError, match="name its parent"):
        store.attempts.record([Report(seq=held.job.seq, token=held.token, progress=1.0)])
    assert now_of(store, job).progress == 0.0
    with pytest.raises(NotFound):
        store.jobs.cancel("nobody")


def test_a_split_job_is_one_job_to_its_owners_limits_until_it_ends(store: Store) -> None:
    """However many shards it has, and whether they wait, run, or come back."""
    split_job(store, max_attempts=2)
    worker = join(store)
    assert loads(store) == {"ann": (1, 1)}
    for one in claims(store, worker, limits=ONE_AT_A_TIME):
        assert fail(store, one)
    assert loads(store) == {"ann": (1, 1)}
    held = eventually(lambda: claims(store, worker, limits=ONE_AT_A_TIME))
    assert len(held) == 3
    finish(store, held)
    assert loads(store) == {"ann": (1, 1)}
    (merge,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert complete(store, merge)
    assert loads(store) == {}


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_a_split_job_that_ends_early_makes_room_for_another(store: Store, end: str) -> None:
    job = split_job(store)
    store.jobs.add([submission()], ONE_AT_A_TIME)
    worker = join(store)
    held = claims(store, worker, limits=ONE_AT_A_TIME)
    assert {one.job.parent for one in held} == {job.id}
    assert loads(store) == {"ann": (2, 1)}
    if end == "fail":
        assert fail(store, held[0])
    else:
        store.jobs.cancel(job.id)
    assert loads(store) == {"ann": (1, 0)}
    (other,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert other.job.parent is None
    assert loads(store) == {"ann": (1, 1)}
    assert complete(store, other)
    assert loads(store) == {}


def test_a_shards_retry_beside_a_job_that_is_held_is_not_held(store: Store) -> None:
    """Both become due in the same claim; only the job needs room."""
    job = split_job(store, shards=1, max_attempts=2)
    worker = join(store)
    (shard,) = claims(store, worker)
    assert fail(store, shard)
    waiting = add(store, delay=0.001)
    found = eventually(lambda: claims(store, worker, limits=ONE_AT_A_TIME))
    assert [one.job.parent for one in found] == [job.id]
    eventually(lambda: claims(store, worker, limits=ONE_AT_A_TIME) == []
               and now_of(store, waiting).waiting_for is Waiting.LIMIT)  # fmt: skip
    assert loads(store) == {"ann": (2, 1)}


def test_one_at_a_time_of_an_operation_lets_the_shards_run_one_by_one(store: Store) -> None:
    """The job that waits for them is not what runs, or nothing would ever run again."""
    job = split_job(store, shards=2)
    worker = join(store)
    for limits in (Limits(running_of={"resize": 1}), Limits(running=1)):
        (shard,) = claims(store, worker, limits=limits)
        assert claims(store, worker, limits=limits) == []
        assert complete(store, shard)
    (merge,) = claims(store, worker, limits=limits)
    assert merge.job.id == job.id


def reasons(store: Store, job: Job) -> list[str]:
    """What `headway why` says of the job."""
    around = Surroundings(
        workers=store.overview.workers(),
        paused=store.pauses.all(),
        depth=store.overview.depth(),
        limits=UNLIMITED,
        registry=Registry(),
        queue_of=lambda _: "headway",
        now=0.0,
    )
    return why(now_of(store, job), NO_ESTIMATE, around)


def test_no_shard_of_a_paused_operation_begins(store: Store) -> None:
    job = split_job(store, shards=1)
    worker = join(store)
    store.pauses.pause("resize")
    assert claims(store, worker) == []
    assert reasons(store, job)[0].startswith("resize is paused, so none of its shards begins")
    store.pauses.resume("resize")
    assert reasons(store, job) == ["its work is done in 1 shard: 0 % so far"]
    (shard,) = claims(store, worker)
    store.pauses.pause("resize")
    assert complete(store, shard)
    assert now_of(store, job).status is Status.PENDING
    assert claims(store, worker) == []
    store.pauses.resume("resize")
    assert [one.job.id for one in claims(store, worker)] == [job.id]


def test_a_retry_of_a_split_job_goes_on_beside_the_limit(store: Store) -> None:
    """Its shards are due at once, and whoever waits for room waits until both have ended."""
    job = split_job(store)
    worker = join(store)
    assert fail(store, claims(store, worker)[0])
    add(store)
    (running,) = claims(store, worker)
    held = add(store, delay=0.001)
    eventually(lambda: claims(store, worker, limits=ONE_AT_A_TIME) == []
               and now_of(store, held).waiting_for is Waiting.LIMIT)  # fmt: skip
    with pytest.raises(UserLimit):
        store.jobs.retry(job.id, Limits(queued_per_user=2))
    assert now_of(store, job).status is Status.FAILED
    again = store.jobs.retry(job.id, ONE_AT_A_TIME)
    assert (again.status, again.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    assert loads(store) == {"ann": (3, 2)}
    shards = claims(store, worker, limits=ONE_AT_A_TIME)
    assert {one.job.parent for one in shards} == {job.id}
    assert complete(store, running)
    assert claims(store, worker, limits=ONE_AT_A_TIME) == []
    finish(store, shards)
    (merge,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert complete(store, merge)
    assert [one.job.id for one in claims(store, worker, limits=ONE_AT_A_TIME)] == [held.id]
    assert loads(store) == {"ann": (1, 1)}


def test_failed_items_of_a_split_job_are_counted_once_when_retried(store: Store) -> None:
    job = split_job(store)
    worker = join(store)
    held = claims(store, worker)
    for one in held:
        assert report(store, one, parts=[part(0, 2, failed=1)])
    finish(store, held)
    (merge,) = claims(store, worker)
    assert complete(store, merge)
    assert loads(store) == {}
    with pytest.raises(UserLimit):
        store.jobs.retry_items(job.id, Limits(queued_per_user=0))
    again = store.jobs.retry_items(job.id, ONE_AT_A_TIME)
    assert (again.status, again.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    assert loads(store) == {"ann": (1, 1)}
    held = claims(store, worker, limits=ONE_AT_A_TIME)
    assert [len(one.redo) for one in held] == [1, 1, 1]
    finish(store, held)
    (merge,) = claims(store, worker, limits=ONE_AT_A_TIME)
    assert complete(store, merge)
    assert loads(store) == {}


def test_meters_tell_of_jobs_and_not_of_shards(store: Store) -> None:
    split_job(store, shards=3, max_attempts=2)
    add(store)
    worker = join(store)
    meters = store.overview.meters()
    assert [(one.operation, one.waiting) for one in meters.queues] == [("resize", 1)]
    assert meters.running == {"resize": 1}
    (shard,) = claims(store, worker, 1)
    conclude(store, shard, Failed("it broke"), Backoff(base=600, cap=600))
    meters = store.overview.meters()
    assert (meters.running, meters.delayed) == ({"resize": 1}, {})
