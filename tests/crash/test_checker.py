"""The checker finds every planted fault, and nothing in a good history."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from headway.job import Status
from headway.store.attempts import SqlAttempts
from headway.store.sqlite import FILE_NAME, SqliteDatabase, open_sqlite
from headway.store.values.attempts import Report
from headway.store.values.history import AttemptRecord
from tests.contract.acts import add, checkpoint, claim, complete, join, lapse, report
from tests.crash.checker import Seen, seen_in, violations
from tests.crash.history import Entry, History
from tests.worker.steps import Fence, Line


def attempt(token: int, reason: str, start: float, end: float) -> AttemptRecord:
    return AttemptRecord(
        token=token, worker=f"w{token}", host="h", started_at=start, ended_at=end, reason=reason,
        error=None, traceback=None, peak_memory=None, cpu_seconds=None,
    )  # fmt: skip


GOOD = Seen(
    key="a",
    id="1",
    status=Status.COMPLETED,
    result={"value": 7},
    ends=1,
    attempts=(attempt(1, "interrupted", 0, 1), attempt(2, "completed", 1, 2)),
    lines=(
        Line("step", 0, 1, 10, 0),
        Line("saved", 0, 1, 10, 1),
        Line("step", 1, 1, 10, 1),
        Line("step", 1, 2, 11, 1),
        Line("saved", 1, 2, 11, 2),
    ),
    fence=Fence({1: [1], 2: [2]}),
)
HISTORY = [Entry("a", "unknown"), Entry("a", "ok", "1")]
ORACLE = {"a": {"value": 7}}


def test_a_good_history_has_no_violation() -> None:
    """Although the job was interrupted, asked for twice, and did one step again."""
    assert violations(HISTORY, [GOOD], ORACLE) == []


def test_a_refused_submission_that_was_written_is_noticed() -> None:
    """By its id where the same key was granted afterwards, and by its key where it was not."""
    again = replace(GOOD, id="2")
    history = [Entry("a", "fail", "2"), Entry("a", "ok", "1")]
    assert violations(history, [GOOD, again], ORACLE) == [
        "a: refused, though it was written as 2",
        "a: made 2 times",
    ]
    assert violations([Entry("a", "fail")], [GOOD], ORACLE) == [
        "a: unexpected, nobody was granted it"
    ]


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (replace(GOOD, ends=2), "a: finished 2 times"),
        (replace(GOOD, ends=0, status=Status.RUNNING), "a: not finished but running"),
        (replace(GOOD, status=Status.FAILED), "a: failed, though only its processes were killed"),
        (
            replace(GOOD, result={"value": 8}),
            "a: its result is {'value': 8}, undisturbed it is {'value': 7}",
        ),
        (
            replace(GOOD, attempts=(attempt(1, "completed", 0, 1), attempt(2, "completed", 1, 2))),
            "a: completed by two attempts",
        ),
        (
            replace(
                GOOD, attempts=(attempt(1, "interrupted", 0, 1.5), attempt(2, "completed", 1, 2))
            ),
            "a: attempt 2 began before 1 had ended",
        ),
        (
            replace(GOOD, lines=(*GOOD.lines, Line("saved", 1, 1, 10, 2))),
            "a: a stale write of attempt 1 was accepted at step 1",
        ),
        (
            replace(GOOD, fence=Fence({1: [1], 2: [2]}, out_of_turn=[2])),
            "a: checkpoint 2 was accepted out of turn",
        ),
        (
            replace(GOOD, lines=(*GOOD.lines, Line("step", 0, 3, 12, 0))),
            "a: step 0 was done again behind a checkpoint",
        ),
        (
            replace(GOOD, lines=(Line("step", 0, 1, 10, 0), Line("step", 0, 1, 10, 0))),
            "a: attempt 1 did step 0 2 times",
        ),
    ],
)
def test_a_planted_fault_of_a_job_is_found(job: Seen, sentence: str) -> None:
    """Each by its own sentence, and alone."""
    assert violations(HISTORY, [job], ORACLE) == [sentence]


def test_lines_that_are_written_late_are_no_violation() -> None:
    """A process that was stopped after its checkpoint was acknowledged says so when it wakes, and
    goes on until it is ended: when its lines are written tells nothing."""
    woke = (Line("saved", 0, 1, 10, 1), Line("step", 1, 1, 10, 1))
    others = tuple(one for one in GOOD.lines if one not in woke)
    assert violations(HISTORY, [replace(GOOD, lines=(*others, *woke))], ORACLE) == []


class Unfenced(SqlAttempts):
    """Writes every report as if the one who sends it held the claim."""

    def record(self, reports: Sequence[Report]) -> set[tuple[int, int]]:
        """See `Attempts.record`; this one breaks its promise."""
        with self._db.read() as tx:
            tokens: dict[int, int] = dict(tx.rows("SELECT seq, lease_token FROM jobs"))
        super().record([replace(one, token=tokens[one.seq]) for one in reports])
        return {(one.seq, one.token) for one in reports}


@pytest.mark.parametrize(
    ("fenced", "saved", "found"),
    [
        (True, (), []),
        (True, (2, 3, 4), []),
        (False, (), ["a: a stale write of attempt 1 was accepted at step 1"]),
        (
            False,
            (2, 3, 4),
            [
                "a: a stale write of attempt 1 was accepted at step 1",
                "a: checkpoint 2 was accepted out of turn",
            ],
        ),
    ],
)
def test_what_a_store_takes_from_an_attempt_that_lost_its_claim_is_found(
    tmp_path: Path, fenced: bool, saved: Sequence[int], found: Sequence[str]
) -> None:
    """The attempt comes back to save its second checkpoint when a newer one has saved these. A real
    store refuses, and nothing is found; one that has lost its fence does not."""
    store = open_sqlite(tmp_path)
    if not fenced:
        store.attempts = Unfenced(SqliteDatabase(tmp_path / FILE_NAME))
    job = add(store, metadata={"key": "a"})
    first = claim(store, worker := join(store))
    lines = [Line("step", 0, 1, 10, 0), Line("saved", 0, 1, 10, 1), Line("step", 1, 1, 10, 1)]
    assert report(store, first, checkpoint=checkpoint(1))
    lapse(store, worker)
    store.workers.reap([worker], 10)
    second = claim(store)
    for number in saved:
        assert report(store, second, checkpoint=checkpoint(number))
    if report(store, first, checkpoint=checkpoint(2)):
        lines.append(Line("saved", 1, 1, 10, 2))
    assert complete(store, second, {"value": 7})
    seen = seen_in(store, job.id, lines)
    store.close()
    assert list(violations([Entry("a", "ok", job.id)], [seen], ORACLE)) == found


def test_a_lost_job_is_found() -> None:
    """It was acknowledged and is not there; what was never acknowledged may be missing."""
    assert violations(HISTORY, [], ORACLE) == ["a: lost, though it was acknowledged as 1"]
    assert violations([Entry("a", "unknown")], [], ORACLE) == []


def test_a_job_nobody_was_granted_is_found() -> None:
    """It was refused, or never asked for."""
    expected = ["a: unexpected, nobody was granted it"]
    assert violations([], [GOOD], ORACLE) == expected
    assert violations([Entry("a", "fail")], [GOOD], ORACLE) == expected


def test_a_job_made_twice_for_one_key_is_found() -> None:
    """A client that asks again with his key must get the same job."""
    twin = replace(GOOD, id="2")
    assert violations(HISTORY, [GOOD, twin], ORACLE) == ["a: made 2 times"]


def test_a_request_without_an_answer_is_unknown(tmp_path: Path) -> None:
    """And the same key may be asked for again."""
    history = History(tmp_path / "history")
    assert history.read() == []
    history.begin("a")
    history.begin("b")
    history.end("b", "fail")
    history.begin("a")
    history.end("a", "ok", "1")
    assert History(tmp_path / "history").read() == [
        Entry("a", "unknown"),
        Entry("b", "fail"),
        Entry("a", "ok", "1"),
    ]
