"""The checker finds every planted fault, and nothing in a good history."""

from dataclasses import replace
from pathlib import Path

import pytest

from headway.job import Status
from headway.store.values import AttemptRecord
from tests.crash.checker import Seen, violations
from tests.crash.history import Entry, History
from tests.worker.steps import Line


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
        Line("step", 0, 1, 10),
        Line("saved", 0, 1, 10),
        Line("step", 1, 1, 10),
        Line("step", 1, 2, 11),
        Line("saved", 1, 2, 11),
    ),
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
            replace(GOOD, lines=(*GOOD.lines, Line("saved", 2, 1, 10))),
            "a: a stale write of attempt 1 was accepted at step 2",
        ),
        (
            replace(GOOD, lines=(*GOOD.lines, Line("step", 0, 3, 12))),
            "a: step 0 was done again behind a checkpoint",
        ),
        (
            replace(GOOD, lines=(Line("step", 0, 1, 10), Line("step", 0, 1, 10))),
            "a: attempt 1 did step 0 2 times",
        ),
    ],
)
def test_a_planted_fault_of_a_job_is_found(job: Seen, sentence: str) -> None:
    """Each by its own sentence, and alone."""
    assert violations(HISTORY, [job], ORACLE) == [sentence]


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
