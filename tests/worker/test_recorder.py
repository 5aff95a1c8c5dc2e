"""What attempts report is written in groups, and none of them can spoil another's."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headway.job import Job, Status
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.store.values.attempts import Claim, Report
from headway.verdict import Completed, decide
from headway.worker import record
from headway.worker.record import Recorder
from tests.contract.acts import AT_ONCE, add, checkpoint, claims, join, now_of


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    store = open_sqlite(data_dir)
    yield store
    store.close()


class Recording:
    """Jobs that one worker has claimed, and its recorder."""

    def __init__(self, store: Store, count: int) -> None:
        self._attempts = store.attempts
        self._store = store
        self.jobs = [add(store) for _ in range(count)]
        self.claims = claims(store, join(store), count)
        self.groups: list[int] = []
        """How many reports were written at a time."""
        self.saved: list[int] = []
        self.lost: list[int] = []
        self.fault: Exception | None = None
        """What the next group meets."""
        self.recorder = Recorder(
            self,  # type: ignore[arg-type]  # it needs no more of the contract
            lambda seq, _: self.saved.append(seq),
            lambda seq, _: self.lost.append(seq),
        )

    def record(self, reports: Sequence[Report]) -> set[tuple[int, int]]:
        """See `Attempts.record`."""
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        held = self._attempts.record(reports)
        self.groups.append(len(reports))
        return held

    def complete(self, claim: Claim, result: str = "done") -> None:
        """Say that the operation returned."""
        self.recorder.of(claim).verdict = decide(Completed(result), claim.job, AT_ONCE)

    def now(self) -> list[Job]:
        """The jobs as they are in the store."""
        return [now_of(self._store, job) for job in self.jobs]


def test_all_that_was_said_is_one_transaction(store: Store) -> None:
    recording = Recording(store, 3)
    for one in recording.claims:
        recording.complete(one)
    recording.recorder.write()
    assert recording.groups == [3]
    assert recording.recorder.due_in() is None


def test_large_results_are_written_a_few_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is too large for a group is written alone, and nobody waits for the next turn."""
    monkeypatch.setattr(record, "GROUP_BYTES", 1000)
    recording = Recording(store, 5)
    for one, size in zip(recording.claims, (400, 400, 400, 5000, 1), strict=True):
        recording.complete(one, "x" * size)
    recording.recorder.write()
    assert recording.groups == [2, 1, 1, 1]
    assert {one.status for one in recording.now()} == {Status.COMPLETED}


def test_a_report_that_is_refused_ends_its_own_attempt_alone(store: Store) -> None:
    """As failed, with the reason; its process is ended as that of a lost claim."""
    recording = Recording(store, 3)
    first, wrong, last = recording.claims
    recording.complete(first)
    recording.recorder.of(wrong).checkpoint = checkpoint(1, thing=object())
    recording.recorder.of(last).checkpoint = checkpoint(1, epoch=1)
    recording.recorder.write()
    assert [one.status for one in recording.now()] == ["completed", "failed", "running"]
    assert str(recording.now()[1].error).startswith("what it reported cannot be kept: ")
    assert (recording.saved, recording.lost) == ([last.job.seq], [wrong.job.seq])
    assert recording.recorder.due_in() is None


def test_a_worker_without_memory_blames_no_report(store: Store) -> None:
    """It ends by it, and its jobs go on elsewhere; what was said is kept for the next try."""
    recording = Recording(store, 2)
    for one in recording.claims:
        recording.complete(one)
    recording.fault = MemoryError()
    with pytest.raises(MemoryError):
        recording.recorder.write()
    assert [job.status for job in recording.now()] == [Status.RUNNING] * 2
    recording.recorder.write()
    assert [job.status for job in recording.now()] == [Status.COMPLETED] * 2
