"""Submitting, reading and listing jobs; one key, one job."""

from itertools import pairwise

import pytest

from headway.errors import KeyReused
from headway.job import Counts, Status
from headway.store.contract import Store
from headway.store.values.history import JobQuery
from headway.store.values.submission import Added, Submission
from tests.contract.acts import (
    add,
    add_all,
    claim,
    claims,
    complete,
    everything,
    join,
    key,
    now_of,
    submission,
    told,
)


def test_a_job_is_read_as_it_was_submitted(store: Store) -> None:
    wish = submission(
        "train",
        "ann",
        input=b'{"data":"sample"}',
        priority=2,
        run_at=4e9,
        max_attempts=7,
        timeout=12.5,
        metadata={"team": "ml", "n": [1, {"deep": None}]},
    )
    (added,) = store.jobs.add([wish])
    assert isinstance(added, Added)
    assert not added.replayed
    job = store.jobs.get(wish.id)
    assert job == added.job
    assert job is not None
    assert (job.operation, job.owner, job.status) == ("train", "ann", Status.PENDING)
    assert (job.priority, job.run_at, job.max_attempts, job.timeout) == (2, 4e9, 7, 12.5)
    assert job.metadata == {"team": "ml", "n": [1, {"deep": None}]}
    assert (job.progress, job.counts, job.attempt, job.version) == (0.0, Counts(), 0, 1)
    assert (job.started_at, job.completed_at, job.result, job.error) == (None, None, None, None)
    assert store.jobs.input(wish.id) == b'{"data":"sample"}'
    assert store.jobs.version(wish.id) == ("ann", 1, Status.PENDING)


def test_what_does_not_exist_is_none(store: Store) -> None:
    assert store.jobs.get("no-such-id") is None
    assert store.jobs.input("no-such-id") is None
    assert store.jobs.version("no-such-id") is None
    assert store.jobs.attempts("no-such-id") == []
    assert store.jobs.get_many(["no-such-id"]) == []
    assert store.jobs.get_many([]) == []
    assert store.jobs.add([]) == []


def test_a_submission_and_its_first_event_come_together(store: Store) -> None:
    job = add(store)
    (event,) = told(store, job)
    assert (event.number, event.kind) == (1, "status")
    assert event.data == {"status": "pending", "reason": "submitted", "attempt": None}
    assert event.at == job.created_at


def test_answers_stand_in_the_order_of_the_submissions(store: Store) -> None:
    wishes = [submission(owner=f"owner-{n % 7}", priority=n % 10) for n in range(50)]
    jobs = add_all(store, wishes)
    assert [job.id for job in jobs] == [wish.id for wish in wishes]
    assert all(a.seq < b.seq for a, b in pairwise(jobs))


def test_a_thousand_jobs_are_added_in_one_transaction(store: Store) -> None:
    """One commit: whoever looks sees none of them or all."""
    jobs = add_all(store, [submission(input=b'{"n": %d}' % n) for n in range(1000)])
    assert len({job.id for job in jobs}) == 1000
    assert store.events.last_position() == 1000
    assert store.jobs.input(jobs[999].id) == b'{"n": 999}'
    assert [job.seq for job in store.jobs.find(JobQuery(limit=2000))] == [
        job.seq for job in reversed(jobs)
    ]


def test_a_group_that_cannot_be_written_leaves_nothing_behind(store: Store) -> None:
    """The last of ten breaks the rule that an id is unique: neither job, key nor turn remains."""
    known = add(store)
    before = everything(store, known)
    wishes = [submission(idempotency=key(f"k{n}")) for n in range(9)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.jobs.add([*wishes, submission(id=known.id)])
    assert everything(store, known) == before
    assert [job.id for job in store.jobs.find(JobQuery())] == [known.id]
    assert all(
        isinstance(one, Added) and not one.replayed for one in store.jobs.add(wishes)
    )  # the keys are free


def test_get_many_gives_those_that_exist(store: Store) -> None:
    jobs = add_all(store, [submission() for _ in range(5)])
    wanted = [jobs[3].id, "no-such-id", jobs[0].id]
    assert {job.id for job in store.jobs.get_many(wanted)} == {jobs[0].id, jobs[3].id}
    assert all(job == now_of(store, job) for job in store.jobs.get_many(wanted))


def test_of_many_jobs_those_alone_are_given_that_have_changed(store: Store) -> None:
    """Also those that are gone; at the version that is known, or without any, there is nothing."""
    same, moved, fresh = add_all(store, [submission() for _ in range(3)])
    known = {same.id: same.version, moved.id: moved.version, fresh.id: 0, "no-such-id": 3}
    cancelled = store.jobs.cancel(moved.id)
    found = store.jobs.newer(known)
    assert found == {moved.id: cancelled, fresh.id: fresh, "no-such-id": None}
    assert store.jobs.newer({same.id: same.version, moved.id: cancelled.version}) == {}
    assert store.jobs.newer({}) == {}


def test_jobs_are_found_newest_first(store: Store) -> None:
    jobs = add_all(store, [submission() for _ in range(3)])
    assert store.jobs.find(JobQuery()) == list(reversed(jobs))


def test_jobs_are_found_by_owner_state_and_operation(store: Store) -> None:
    ann_train = add(store, "train", "ann")
    ann_fetch = add(store, "fetch", "ann")
    bob_train = add(store, "train", "bob")
    held = claim(store, join(store), "fetch")
    complete(store, held)

    def found(**query: object) -> set[str]:
        return {job.id for job in store.jobs.find(JobQuery(**query))}  # type: ignore[arg-type]  # any query

    assert found(owner="ann") == {ann_train.id, ann_fetch.id}
    assert found(operation="train") == {ann_train.id, bob_train.id}
    assert found(statuses=[Status.COMPLETED]) == {ann_fetch.id}
    assert found(statuses=[Status.COMPLETED, Status.PENDING]) == {
        ann_train.id, ann_fetch.id, bob_train.id,
    }  # fmt: skip
    assert found(owner="ann", operation="train", statuses=[Status.PENDING]) == {ann_train.id}
    assert found(owner="eve") == set()
    assert found(owner="' OR 1=1 --") == set()
    assert found(operation="%") == set()


def test_a_cursor_walks_through_all_jobs_without_gap_or_repeat(store: Store) -> None:
    """Also while new ones arrive: they come before the first page."""
    jobs = add_all(store, [submission() for _ in range(25)])
    seen: list[int] = []
    before: int | None = None
    while page := store.jobs.find(JobQuery(owner="ann", before=before, limit=10)):
        seen += [job.seq for job in page]
        before = page[-1].seq
        add(store)
    assert seen == [job.seq for job in reversed(jobs)]


def test_the_same_key_and_request_give_the_same_job(store: Store) -> None:
    first = submission(idempotency=key("k"))
    (made,) = store.jobs.add([first])
    again = submission(idempotency=key("k"))
    (replay,) = store.jobs.add([again])
    assert isinstance(made, Added)
    assert isinstance(replay, Added)
    assert replay.replayed
    assert replay.job == made.job
    assert store.jobs.get(again.id) is None
    assert len(store.jobs.find(JobQuery())) == 1
    assert len(told(store, made.job)) == 1


def test_a_replay_shows_the_job_as_it_is_by_now(store: Store) -> None:
    (made,) = store.jobs.add([submission(idempotency=key("k"))])
    complete(store, claim(store), {"ok": True})
    (replay,) = store.jobs.add([submission(idempotency=key("k"))])
    assert isinstance(made, Added)
    assert isinstance(replay, Added)
    assert replay.job == now_of(store, made.job)
    assert replay.job.status is Status.COMPLETED


def test_a_key_with_another_request_is_refused(store: Store) -> None:
    store.jobs.add([submission(idempotency=key("k", "one"))])
    (answer,) = store.jobs.add([submission(idempotency=key("k", "other"))])
    assert isinstance(answer, KeyReused)
    assert "use a new key" in str(answer)
    assert len(store.jobs.find(JobQuery())) == 1


def test_a_key_means_something_only_to_its_owner_and_in_its_scope(store: Store) -> None:
    answers = store.jobs.add(
        [
            submission(owner="ann", idempotency=key("k", "a", scope="/jobs")),
            submission(owner="bob", idempotency=key("k", "b", scope="/jobs")),
            submission(owner="ann", idempotency=key("k", "c", scope="/imports")),
            submission(owner="ann", idempotency=key("K", "d", scope="/jobs")),
        ]
    )
    assert all(isinstance(one, Added) and not one.replayed for one in answers)


def test_twins_in_one_group_become_one_job(store: Store) -> None:
    """Requests that a client sent twice and that were gathered into one transaction."""
    twins = [submission(idempotency=key("k")) for _ in range(3)]
    stranger = submission(idempotency=key("k", "another request"))
    plain = submission()
    first, second, odd, third, other = store.jobs.add(
        [twins[0], twins[1], stranger, twins[2], plain]
    )
    assert isinstance(first, Added)
    assert isinstance(second, Added)
    assert isinstance(third, Added)
    assert isinstance(other, Added)
    assert isinstance(odd, KeyReused)
    assert first.job == second.job == third.job
    assert [first.replayed, second.replayed, third.replayed] == [False, True, True]
    assert {job.id for job in store.jobs.find(JobQuery())} == {first.job.id, other.job.id}


def test_a_group_may_mix_replays_with_what_is_new(store: Store) -> None:
    (old,) = store.jobs.add([submission(idempotency=key("old"))])
    replay, new = store.jobs.add(
        [submission(idempotency=key("old")), submission(idempotency=key("new"))]
    )
    assert isinstance(old, Added)
    assert isinstance(replay, Added)
    assert isinstance(new, Added)
    assert replay.job.id == old.job.id
    assert not new.replayed


def test_a_longer_list_under_a_key_that_came_before_makes_nothing(store: Store) -> None:
    """Whether the shorter one is durable or stands ahead of it in the same group."""

    def keyed(count: int) -> list[Submission]:
        keys = [key("k", f"{count} jobs", scope=f"/bulk#{n}") for n in range(count)]
        return [submission(together=f"list of {count}", idempotency=one) for one in keys]

    plain = submission()
    one, two, *three, alone = store.jobs.add([*keyed(2), *keyed(3), plain])
    assert all(isinstance(answer, KeyReused) for answer in three)
    assert isinstance(one, Added)
    assert isinstance(two, Added)
    assert isinstance(alone, Added)
    assert all(isinstance(answer, KeyReused) for answer in store.jobs.add(keyed(4)))
    made = {job.id for job in store.jobs.find(JobQuery())}
    assert made == {one.job.id, two.job.id, alone.job.id}
    again = store.jobs.add(keyed(2))
    assert [isinstance(answer, Added) and answer.replayed for answer in again] == [True, True]


def test_each_new_job_counts_as_a_request_and_a_replay_does_not(store: Store) -> None:
    store.users.add("ann", "hash")
    store.jobs.add([submission(idempotency=key("k")), submission(), submission(owner="bob")])
    store.jobs.add([submission(idempotency=key("k"))])
    ann = store.users.get("ann")
    assert ann is not None
    assert ann.request_count == 2


def test_the_order_of_jobs_is_the_order_of_commits(store: Store) -> None:
    """A job's inner sequence never goes back, so that a cursor over it misses nothing."""
    seqs = [add(store).seq for _ in range(10)]
    assert seqs == sorted(set(seqs))
    assert [one.job.seq for one in claims(store, join(store))] == seqs
