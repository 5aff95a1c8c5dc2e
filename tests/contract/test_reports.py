"""What a running attempt may write, and that one without a claim writes nothing."""

from dataclasses import replace

import pytest

from headway.events import CheckpointSaved, ItemsPublished, LogLine, MetricRecorded
from headway.job import Counts, Job, Status, Waiting
from headway.retry import Backoff
from headway.store.contract import Store
from headway.store.values.attempts import Claim, Part, Report, Rewind
from headway.verdict import (
    MAX_CRASHES,
    MAX_INTERRUPTIONS,
    Completed,
    Crashed,
    Failed,
    Stopped,
    Usage,
    Verdict,
    decide,
)
from tests.contract.acts import (
    AT_ONCE,
    add,
    add_all,
    checkpoint,
    claim,
    claims,
    complete,
    conclude,
    crash,
    everything,
    fail,
    join,
    lapse,
    now_of,
    publication,
    report,
    submission,
    told,
)
from tests.contract.opening import kind_of


def part(first: int, count: int = 10, failed: int = 0) -> Part:
    return Part(first=first, count=count, failed=failed, path=f"part-{first}", size=count)


def full_report(held: Claim) -> Report:
    """Everything that an attempt can possibly tell, at once."""
    verdict = decide(
        Completed({"answer": 42}, [publication("intents", alias="production")]),
        held.job,
        AT_ONCE,
        Usage(peak_memory=1 << 20, cpu_seconds=0.5),
    )
    return Report(
        seq=held.job.seq,
        token=held.token,
        progress=50.0,
        message="half",
        total=20,
        facts=[MetricRecorded(1, {"loss": 0.5}), LogLine("info", "hello")],
        parts=[part(0, 10, failed=2)],
        checkpoint=checkpoint(1, row=10),
        resumed_from={"row": 0},
        verdict=verdict,
    )


def stolen(store: Store, how: str) -> tuple[Job, Claim]:
    """A job, and a claim of it that holds no more."""
    job = add(store, max_attempts=5)
    worker = join(store)
    held = claim(store, worker)
    if how == "cancelled":
        store.jobs.cancel(job.id)
    elif how == "completed":
        complete(store, held)
    elif how == "given back":
        conclude(store, held, Stopped("the worker was stopped"))
    elif how in ("reaped", "claimed by another"):
        lapse(store, worker)
        assert store.workers.reap([worker], 10) == 1
    elif how == "left":
        store.workers.leave(worker)
    elif how == "retried by hand":
        store.jobs.cancel(job.id)
        store.jobs.retry(job.id)
    if how in ("claimed by another", "retried by hand"):
        assert claim(store).token > held.token
    return job, held


HOWS = (
    "cancelled",
    "completed",
    "given back",
    "reaped",
    "left",
    "claimed by another",
    "retried by hand",
)


@pytest.mark.parametrize("how", HOWS)
def test_an_attempt_that_lost_its_claim_writes_nothing_at_all(store: Store, how: str) -> None:
    """No progress, event, part, checkpoint, artefact or attempt; not even the version moves."""
    job, held = stolen(store, how)
    before = everything(store, job)
    assert store.attempts.record([full_report(held)]) == set()
    assert everything(store, job) == before
    assert store.artifacts.resolve("ann", "model", "intents@production") is None


@pytest.mark.parametrize("token", [0, 2, 99])
def test_only_the_very_token_opens_the_door(store: Store, token: int) -> None:
    job = add(store)
    held = claim(store)
    assert held.token == 1
    before = everything(store, job)
    forged = Report(seq=job.seq, token=token, verdict=Verdict(status=Status.FAILED, reason="no"))
    assert store.attempts.record([forged]) == set()
    assert everything(store, job) == before


def test_a_report_on_a_job_that_does_not_exist_is_not_held(store: Store) -> None:
    assert store.attempts.record([Report(seq=12345, token=1, progress=1.0)]) == set()


def test_in_a_group_only_the_lost_claims_are_left_out(store: Store) -> None:
    """One of fifty was cancelled: its report vanishes, and the other forty-nine are whole."""
    jobs = add_all(store, [submission() for _ in range(50)])
    held = claims(store, join(store))
    store.jobs.cancel(jobs[20].id)
    before = everything(store, jobs[20])[:6]  # type: ignore[index]  # what is the job's own

    written = store.attempts.record([full_report(one) for one in held])

    assert written == {(one.job.seq, one.token) for one in held} - {(jobs[20].seq, 1)}
    assert everything(store, jobs[20])[:6] == before  # type: ignore[index]  # as above
    for job in jobs[:20] + jobs[21:]:
        assert now_of(store, job).status is Status.COMPLETED
        assert [one.number for one in told(store, job)] == list(range(1, 9))


def test_a_full_report_is_written_as_it_was_told(store: Store) -> None:
    job = add(store)
    worker = join(store)
    held = claim(store, worker)
    told_all = full_report(held)
    assert store.attempts.record([told_all]) == {(job.seq, held.token)}

    after = now_of(store, job)
    assert (after.status, after.progress, after.message) == (Status.COMPLETED, 100.0, "half")
    assert after.counts == Counts(20, 8, 2)
    assert after.result == {"answer": 42}
    assert after.resumed_from == {"row": 0}
    assert after.completed_at is not None
    assert after.last_event == 8
    assert store.jobs.parts(job.id) == [part(0, 10, failed=2)]
    (attempt,) = store.jobs.attempts(job.id)
    assert (attempt.reason, attempt.worker, attempt.host) == ("completed", worker, "here")
    assert (attempt.peak_memory, attempt.cpu_seconds) == (1 << 20, 0.5)
    assert attempt.started_at <= attempt.ended_at
    model = store.artifacts.resolve("ann", "model", "production")
    assert model is not None
    assert (model.name, model.version, model.job_id) == ("intents", 1, job.id)
    kinds = [one.kind for one in told(store, job)]
    assert kinds[:3] == ["status", "status", "resume"]
    assert kinds[3:] == ["metric", "log", "items", "checkpoint", "status"]


def test_two_reports_of_one_attempt_in_a_group_are_refused(store: Store) -> None:
    """Rather than to write one of them and lose the other without a word."""
    job = add(store)
    held = claim(store)
    before = everything(store, job)
    twins = [Report(seq=job.seq, token=held.token, facts=[LogLine("info", text)]) for text in "ab"]
    with pytest.raises(ValueError, match="expected one report of each attempt"):
        store.attempts.record(twins)
    assert everything(store, job) == before


def test_what_a_report_leaves_out_stays_as_it_was(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, progress=40.0, message="reading", total=100)
    report(store, held, facts=[LogLine("info", "hello")])
    after = now_of(store, job)
    assert (after.progress, after.message, after.counts.total) == (40.0, "reading", 100)
    assert after.status is Status.RUNNING


def test_every_report_makes_the_version_grow(store: Store) -> None:
    job = add(store)
    held = claim(store)
    versions = [now_of(store, job).version]
    for percent in (10.0, 20.0, 5.0):
        report(store, held, progress=percent)
        versions.append(now_of(store, job).version)
    assert versions == sorted(set(versions))
    assert now_of(store, job).progress == 5.0  # the latest wins, also when it is less


@pytest.mark.parametrize(("said", "shown"), [(-5.0, 0.0), (0.0, 0.0), (250.0, 100.0), (99.9, 99.9)])
def test_progress_stays_between_0_and_100(store: Store, said: float, shown: float) -> None:
    job = add(store)
    report(store, claim(store), progress=said)
    assert now_of(store, job).progress == shown


def test_progress_that_is_no_number_is_not_written(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, progress=30.0)
    report(store, held, progress=float("nan"))
    assert now_of(store, job).progress == 30.0


def test_a_completed_job_is_done_by_100_percent_and_a_failed_one_is_not(store: Store) -> None:
    completed, failed = add_all(store, [submission(), submission()])
    for held in claims(store, join(store)):
        report(store, held, progress=30.0)
        (complete if held.job.id == completed.id else fail)(store, held)
    assert now_of(store, completed).progress == 100.0
    assert now_of(store, failed).progress == 30.0


def test_counts_add_up_over_parts_and_attempts(store: Store) -> None:
    """Total, succeeded, failed and remaining agree at every moment."""
    job = add(store, max_attempts=2)
    held = claim(store)
    report(store, held, total=100)
    assert now_of(store, job).counts == Counts(100, 0, 0)
    report(store, held, parts=[part(0, 30, failed=3)], checkpoint=checkpoint(1))
    fail(store, held)
    held = claim(store)
    assert held.job.counts == Counts(100, 27, 3)
    report(store, held, parts=[part(30, 30), part(60, 30, failed=30)], checkpoint=checkpoint(2))
    counts = now_of(store, job).counts
    assert counts == Counts(100, 57, 33)
    assert counts.remaining == 10


def test_parts_past_an_index_are_those_that_hold_items_past_it(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, parts=[part(0, 10), part(10, 5)], checkpoint=checkpoint(1))
    report(store, held, parts=[part(15, 1)], checkpoint=checkpoint(2))
    firsts = {after: [one.first for one in store.jobs.parts(job.id, after=after)]
              for after in (-1, 0, 8, 9, 13, 14, 15)}  # fmt: skip
    assert firsts == {
        -1: [0, 10, 15], 0: [0, 10, 15], 8: [0, 10, 15], 9: [10, 15], 13: [10, 15], 14: [15], 15: [],
    }  # fmt: skip
    assert store.jobs.parts("no-such-id") == []


def test_the_last_two_checkpoints_are_kept(store: Store) -> None:
    add(store, max_attempts=9)
    held = claim(store)
    for number in (1, 2, 3):
        report(store, held, checkpoint=checkpoint(number, row=number * 100))
    fail(store, held)
    held = claim(store)
    assert [(one.number, one.state, one.attempt_token) for one in held.checkpoints] == [
        (3, {"row": 300}, 1),
        (2, {"row": 200}, 1),
    ]
    report(store, held, checkpoint=checkpoint(4, row=400))
    fail(store, held)
    assert [one.attempt_token for one in claim(store).checkpoints] == [2, 1]


def test_a_checkpoint_keeps_where_its_bytes_are(store: Store) -> None:
    add(store, max_attempts=2)
    held = claim(store)
    saved = replace(checkpoint(1, epoch=3), path="jobs/x/1/checkpoint-1", sha256="a" * 64)
    report(store, held, checkpoint=saved)
    fail(store, held)
    (found,) = claim(store).checkpoints
    assert (found.path, found.sha256, found.state) == (saved.path, saved.sha256, {"epoch": 3})


def test_a_first_attempt_has_no_checkpoint(store: Store) -> None:
    add(store)
    assert list(claim(store).checkpoints) == []


def test_facts_parts_checkpoint_and_verdict_become_events_in_this_order(store: Store) -> None:
    job = add(store)
    held = claim(store)
    store.attempts.record([full_report(held)])
    data = [one.data for one in told(store, job)][2:]
    assert data == [
        {"resumed_from": {"row": 0}},
        {"step": 1, "values": {"loss": 0.5}},
        {"level": "info", "message": "hello"},
        {"first": 0, "count": 10, "failed": 2},
        {"number": 1},
        {"status": "completed", "reason": None, "attempt": None},
    ]
    assert [MetricRecorded.kind, LogLine.kind, ItemsPublished.kind, CheckpointSaved.kind] == [
        one.kind for one in told(store, job)[3:7]
    ]


def test_attempts_end_at_max_attempts(store: Store) -> None:
    job = add(store, max_attempts=3)
    for n in (1, 2, 3):
        assert now_of(store, job).status is Status.PENDING
        fail(store, claim(store), f"error {n}")
    after = now_of(store, job)
    assert (after.status, after.attempt, after.error) == (Status.FAILED, 3, "error 3")
    assert [one.error for one in store.jobs.attempts(job.id)] == ["error 1", "error 2", "error 3"]
    assert [one.token for one in store.jobs.attempts(job.id)] == [1, 2, 3]


def test_an_error_that_cannot_be_retried_ends_the_job_at_once(store: Store) -> None:
    job = add(store, max_attempts=9)
    fail(store, claim(store), "no such column", retryable=False)
    assert now_of(store, job).status is Status.FAILED


def test_crashes_in_a_row_end_a_job_and_are_no_attempts_of_its_own(store: Store) -> None:
    job = add(store, max_attempts=9)
    for _ in range(MAX_CRASHES):
        assert now_of(store, job).status is Status.PENDING
        crash(store, claim(store))
    after = now_of(store, job)
    assert (after.status, after.crashes, after.attempt) == (Status.FAILED, MAX_CRASHES, 0)
    assert after.error is not None
    assert "given up after 3 crashes" in after.error


def test_interruptions_in_a_row_end_a_job(store: Store) -> None:
    job = add(store)
    for _ in range(MAX_INTERRUPTIONS):
        assert now_of(store, job).status is Status.PENDING
        conclude(store, claim(store), Stopped("a deploy"))
    after = now_of(store, job)
    assert (after.status, after.interruptions) == (Status.FAILED, MAX_INTERRUPTIONS)
    assert after.attempt == 0
    assert after.error is not None
    assert "without progress" in after.error


@pytest.mark.parametrize("outcome", [Crashed("killed"), Stopped("a deploy")])
def test_a_checkpoint_that_advances_starts_the_count_anew(
    store: Store, outcome: Crashed | Stopped
) -> None:
    """A long job that moves on survives any number of crashes and interruptions."""
    job = add(store)
    for n in range(1, 26):
        held = claim(store)
        report(store, held, checkpoint=checkpoint(n))
        conclude(store, held, outcome)
    after = now_of(store, job)
    assert after.status is Status.PENDING
    assert after.crashes + after.interruptions == 25
    assert after.crashes_in_a_row + after.interruptions_in_a_row == 1


def test_an_interrupted_attempt_is_due_again_at_once(store: Store) -> None:
    """Also when it was a retry that had waited for its time."""
    job = add(store, max_attempts=3)
    conclude(store, claim(store), Failed("it broke"), Backoff(base=0, cap=0))
    conclude(store, claim(store), Stopped("a deploy"))
    waiting = now_of(store, job)
    assert (waiting.status, waiting.waiting_for, waiting.error) == (
        Status.PENDING,
        None,
        "a deploy",
    )
    assert claim(store).job.id == job.id


def test_a_retry_says_when_and_why_it_waits(store: Store) -> None:
    job = add(store, max_attempts=2)
    held = claim(store)
    verdict = Verdict(
        status=Status.PENDING, reason="failed", error="it broke", delay=500.0, failures=1
    )
    report(store, held, verdict=verdict)
    after = now_of(store, job)
    assert after.waiting_for is Waiting.RETRY
    assert after.run_at is not None
    (attempt,) = store.jobs.attempts(job.id)
    assert after.run_at == pytest.approx(attempt.ended_at + 500.0, abs=0.01)


def test_an_error_of_an_earlier_attempt_is_gone_when_the_job_completes(store: Store) -> None:
    job = add(store, max_attempts=2)
    fail(store, claim(store))
    complete(store, claim(store), {"ok": True})
    after = now_of(store, job)
    assert (after.error, after.result) == (None, {"ok": True})
    assert [one.reason for one in store.jobs.attempts(job.id)] == ["failed", "completed"]


@pytest.mark.parametrize(
    "value",
    [None, 0, False, "", "text", [], {}, {"deep": [1, {"x": None}]}, "naïve ☃ 𝄞", 2**53 + 1, 0.1, "\x00",
     '{"looks": "like JSON"}', {"k": "\x00\u2028"}],
    ids=repr,
)  # fmt: skip
def test_a_result_comes_back_as_it_was(store: Store, value: object) -> None:
    job = add(store)
    complete(store, claim(store), value)
    assert now_of(store, job).result == value


@pytest.mark.parametrize("text", ["naïve ☃ 𝄞", "a\x00b", "line\nline", "'; DROP TABLE jobs; --"])
def test_texts_come_back_as_they_were(store: Store, address: str, text: str) -> None:
    given = text
    job = add(store, owner=text, input=b'"' + b"x" * 10 + b'"', metadata={text: text})
    held = claim(store)
    report(store, held, message=text, facts=[LogLine("info", text)])
    fail(store, held, text, retryable=False)
    after = now_of(store, job)
    if kind_of(address) == "postgres":
        text = text.replace("\0", "\ufffd")  # its text cannot hold a NUL; JSON columns can
    assert (after.owner, after.message, after.error) == (text, text, text)
    assert after.metadata == {given: given}
    assert told(store, job)[2].data["message"] == given
    assert told(store, job)[3].data["reason"] == given
    assert store.jobs.attempts(job.id)[0].error == text


def test_a_rewind_takes_back_what_came_after_its_checkpoint(store: Store) -> None:
    """Parts, counts and checkpoints, before the rest of the report is written."""
    job = add(store)
    held = claim(store)
    report(store, held, parts=[part(0, 10, failed=2)], checkpoint=checkpoint(1, items=10))
    report(store, held, parts=[part(10, 10, failed=3)], checkpoint=checkpoint(2, items=20))
    crash(store, held)
    held = claim(store)
    assert [one.items for one in held.checkpoints] == [20, 10]
    again = checkpoint(2, items=15)
    report(store, held, rewind=Rewind(1, 10), parts=[part(10, 5, failed=1)], checkpoint=again)
    assert now_of(store, job).counts == Counts(None, 12, 3)
    assert store.jobs.parts(job.id) == [part(0, 10, failed=2), part(10, 5, failed=1)]
    crash(store, held)
    held = claim(store)
    assert [(one.number, one.items) for one in held.checkpoints] == [(2, 15), (1, 10)]
    assert report(store, held, rewind=Rewind(0, 0))
    assert (now_of(store, job).counts, store.jobs.parts(job.id)) == (Counts(), [])
    complete(store, held)
    assert now_of(store, job).status is Status.COMPLETED


def test_a_rewind_of_an_attempt_that_lost_its_claim_takes_nothing_back(store: Store) -> None:
    job = add(store)
    held = claim(store)
    report(store, held, parts=[part(0, 10)], checkpoint=checkpoint(1, items=10))
    crash(store, held)
    claim(store)
    before = everything(store, job)
    assert not report(store, held, rewind=Rewind(0, 0))
    assert everything(store, job) == before
