"""What an operation says becomes visible when, and as, it was promised."""

import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway.job import Counts, Status
from headway.worker.channel import Channel
from headway.worker.protocol import FrameReader
from headway.worker.start import Start
from headway.worker.sync_context import SyncContext
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps, chained
from tests.worker.processes import is_alive
from tests.worker.site import Site, pid_in
from tests.worker.steps import lines_of


class Ends:
    """A context and the parent's end of its line."""

    def __init__(self, root: Path, parent: socket.socket, child: socket.socket) -> None:
        self._parent = parent
        start = Start(
            job_id="job", owner="ada", operation="any", attempt=1, token=1, input="{}",
            root=str(root), uses={}, checkpoints=[],
        )  # fmt: skip
        self.context = SyncContext(start, "1:1", Channel(child))

    def said(self) -> list[Any]:
        """What has arrived by now."""
        self._parent.setblocking(False)
        try:
            return list(FrameReader().feed(self._parent.recv(1 << 20)))
        except BlockingIOError:
            return []


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    parent, child = socket.socketpair()
    with parent, child:
        yield Ends(tmp_path, parent, child)


@pytest.mark.parametrize(
    ("percent", "shown"), [(-7, 0), (0, 0), (33.3, 33.3), (100, 100), (250, 100), (float("nan"), 0)]
)
def test_progress_is_clamped(ends: Ends, percent: float, shown: float) -> None:
    """To 0..100, whatever was computed."""
    ends.context.progress(percent)
    assert ends.said() == [["progress", "1:1", shown, None]]


def test_the_latest_progress_wins_also_when_it_comes_at_once(ends: Ends) -> None:
    """What is said just before an hour of silence is what is shown for that hour."""
    ends.context.progress(0, "loading")
    ends.context.progress(0, "training")
    ends.context.progress(10, "training")
    assert ends.said()[-1] == ["progress", "1:1", 10, "training"]


def test_progress_in_a_tight_loop_is_thinned_out(ends: Ends) -> None:
    """But never by a whole percent, and its end is always said."""
    for one in range(100_001):
        ends.context.progress(one / 1000)
    shown = [message[2] for message in ends.said()]
    assert 100 <= len(shown) < 1000
    assert max(b - a for a, b in itertools.pairwise(shown)) < 1.01
    assert shown[-1] == 100


def test_a_total_of_items_must_be_a_count(ends: Ends) -> None:
    """What cannot be added up is refused where it is said."""
    for wrong in (-1, 2**31, 2.5, "many", None):
        with pytest.raises((TypeError, ValueError)):
            ends.context.expect_items(wrong)  # type: ignore[arg-type]
    ends.context.expect_items(7)
    assert ends.said() == [["total", "1:1", 7]]


def test_track_yields_every_item_and_shows_how_far_it_is(running: Site) -> None:
    """The item on which it waits is not counted as done yet."""
    gate = running.directory / "track-gate"
    job = running.submit("track", steps=10, gate=str(gate), gate_at=5)
    shown = running.until(job, lambda now: now.progress == 50)
    assert shown.message == "tracking"
    gate.touch()
    assert running.completed(job).result == {"seen": list(range(10))}


def test_items_are_visible_from_the_next_checkpoint_on(running: Site, tmp_path: Path) -> None:
    """Not before it; then with their content, in order, the failed ones counted."""
    gate, log = tmp_path / "gate", tmp_path / "log"
    job = running.submit("count", steps=25, every=10, gate=str(gate), gate_at=17, log=str(log))
    running.until(job, lambda now: now.counts.succeeded)
    eventually(lambda: any(one.step == 16 for one in lines_of(log)))
    assert running.job(job).counts == Counts(total=25, succeeded=9, failed=1)
    assert [(one.first, one.count) for one in running.store.jobs.parts(job.id)] == [(0, 10)]
    gate.touch()
    ended = running.completed(job)
    assert ended.counts == Counts(total=25, succeeded=23, failed=2)
    assert ended.counts.remaining == 0
    assert [one.data for one in running.events(job, "items")] == [
        {"first": 0, "count": 10, "failed": 1},
        {"first": 10, "count": 10, "failed": 1},
        {"first": 20, "count": 5, "failed": 0},
    ]
    rows = [row for part in running.store.jobs.parts(job.id) for row in _rows(running, part.path)]
    assert [(row["index"], row["square"]) for row in rows] == [(n, n * n) for n in range(25)]
    assert [row["index"] for row in rows if row["error"]] == [9, 19]


def test_items_that_come_while_a_checkpoint_is_on_its_way_are_of_the_next(running: Site) -> None:
    """None is lost, and none is counted that is not in its part."""
    job = running.completed(running.submit("items_while_saving", steps=20))
    parts = running.store.jobs.parts(job.id)
    assert len(parts) > 1
    rows = [_rows(running, part.path) for part in parts]
    assert [len(one) for one in rows] == [part.count for part in parts]
    assert [row["index"] for part in rows for row in part] == list(range(200))
    assert job.counts.succeeded == 200


def _rows(site: Site, path: str) -> list[dict[str, Any]]:
    text = site.service.files.path(path).read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_an_artefact_is_visible_only_once_its_job_is_completed(running: Site) -> None:
    """Attempts that publish and fail leave none; then it is one version, and another job reads it."""
    job = running.failed(running.submit("publish_dataset", {"max_attempts": 2}, succeeds_at=9))
    assert job.attempt == 2
    assert running.store.artifacts.find("ada", "dataset") == []
    job = running.completed(running.submit("publish_dataset", succeeds_at=2))
    (made,) = running.store.artifacts.find("ada", "dataset")
    assert (made.id, made.version, made.job_id) == (job.result["artifact"], 1, job.id)
    for reference in ("numbers", "numbers@1", "numbers@latest", made.id):
        read = running.completed(running.submit("read_dataset", dataset=reference))
        assert read.result == {"text": "1\n2\n3\n", "version": 1}


def test_metrics_and_lines_are_events_in_order(running: Site) -> None:
    """And the context knows whose job it is."""
    job = running.completed(running.submit("tell_all"))
    assert job.result["owner"] == "ada"
    assert (job.result["id"], job.result["attempt"]) == (job.id, 1)
    told = [(one.kind, one.data) for one in running.events(job, "log", "metric")]
    assert told == [
        ("log", {"level": "info", "message": "hello"}),
        ("metric", {"step": 1, "values": {"loss": 0.5, "accuracy": 0.75}}),
    ]


def test_the_scratch_directory_is_removed_after_a_return(running: Site) -> None:
    """By the time the job is completed."""
    job = running.completed(running.submit("tell_all"))
    assert not Path(job.result["scratch"]).exists()


def test_the_scratch_directory_is_removed_after_a_kill(running: Site, tmp_path: Path) -> None:
    """Whoever killed the process."""
    job = running.submit("fills_scratch", file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    (scratch,) = running.directory.glob(f"artifacts/jobs/{job.id}/*/scratch")
    assert list(scratch.iterdir())
    running.cancel(job)
    eventually(lambda: not is_alive(pid))
    eventually(lambda: not scratch.exists())


def _stopped_after_five(site: Site, tmp_path: Path) -> tuple[Steps, Any, list[Path]]:
    """A job that was cancelled after its fifth checkpoint, and where its checkpoints are."""
    steps = Steps(steps=12, gate=str(tmp_path / "gate"), gate_at=5, log=str(tmp_path / "log"))
    job = site.submit("chain", **steps.model_dump())
    eventually(lambda: [one.step for one in lines_of(tmp_path / "log")][-1:] == [4])
    pid = lines_of(tmp_path / "log")[0].pid
    eventually(lambda: lines_of(tmp_path / "log")[-1].word == "saved")
    site.cancel(job)
    eventually(lambda: not is_alive(pid))
    saved = sorted(site.directory.glob(f"artifacts/jobs/{job.id}/*/checkpoint-*"))
    assert [one.name for one in saved] == ["checkpoint-4", "checkpoint-5"]
    return steps, job, saved


def _tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[3] ^= 1
    file.write_bytes(data)


def test_a_job_resumes_at_its_newest_checkpoint(running: Site, tmp_path: Path) -> None:
    """And says so; nothing before it is done again, and its files go when others are newer."""
    steps, job, _ = _stopped_after_five(running, tmp_path)
    running.service.queue.retry(job.id, "ada")
    (tmp_path / "gate").touch()
    ended = running.completed(job)
    assert ended.result == {"value": chained(steps)}
    assert ended.resumed_from == {"checkpoint": 5, "next": 5}
    assert sorted(o.step for o in lines_of(tmp_path / "log") if o.word == "step") == list(range(12))
    saved = running.directory.glob(f"artifacts/jobs/{job.id}/*/checkpoint-*")
    assert {one.name for one in saved} == {"checkpoint-11", "checkpoint-12"}


@pytest.mark.parametrize("damage", [_tear, _flip, Path.unlink])
def test_a_damaged_checkpoint_is_passed_over_and_said(
    running: Site, tmp_path: Path, damage: Any
) -> None:
    """The one before it is used; the user's log names the damaged one."""
    steps, job, saved = _stopped_after_five(running, tmp_path)
    damage(saved[-1])
    running.service.queue.retry(job.id, "ada")
    (tmp_path / "gate").touch()
    ended = running.completed(job)
    assert ended.result == {"value": chained(steps)}
    assert ended.resumed_from == {"checkpoint": 4, "next": 4}
    (line,) = running.logged(job)
    assert line.startswith("checkpoint 5: expected ")


def test_with_every_checkpoint_damaged_a_job_starts_afresh(running: Site, tmp_path: Path) -> None:
    """Rather than from what is wrong, or not at all."""
    steps, job, saved = _stopped_after_five(running, tmp_path)
    _tear(saved[-1])
    _flip(saved[-2])
    running.service.queue.retry(job.id, "ada")
    (tmp_path / "gate").touch()
    ended = running.completed(job)
    assert ended.result == {"value": chained(steps)}
    assert ended.status is Status.COMPLETED
    assert [line.partition(":")[0] for line in running.logged(job)] == [
        "checkpoint 5",
        "checkpoint 4",
    ]


@pytest.mark.parametrize("damaged", [1, 2])
def test_items_published_with_a_damaged_checkpoint_are_taken_back(
    running: Site, tmp_path: Path, damaged: int
) -> None:
    """None is there twice, and the result is that of an undisturbed run."""
    gate = tmp_path / "gate"
    steps: dict[str, Any] = {"steps": 26, "every": 5, "gate": str(gate), "gate_at": 15}
    job = running.submit("count_kept", **steps, log=str(tmp_path / "log"))
    running.until(job, lambda now: now.counts == Counts(total=26, succeeded=14, failed=1))
    pid = lines_of(tmp_path / "log")[0].pid
    running.cancel(job)
    eventually(lambda: not is_alive(pid))
    saved = sorted(running.directory.glob(f"artifacts/jobs/{job.id}/*/checkpoint-*"))
    for file in saved[-damaged:]:
        _flip(file)
    running.service.queue.retry(job.id, "ada")
    again = running.until(job, lambda now: now.resumed_from is not None)
    assert (again.resumed_from or {})["checkpoint"] == (2 if damaged == 1 else 0)
    gate.touch()
    ended = running.completed(job)
    rows = [row for part in running.store.jobs.parts(job.id) for row in _rows(running, part.path)]
    undisturbed = running.completed(running.submit("count_kept", steps=26, every=5))
    assert rows == [
        row
        for part in running.store.jobs.parts(undisturbed.id)
        for row in _rows(running, part.path)
    ]
    assert ended.counts == undisturbed.counts == Counts(total=26, succeeded=24, failed=2)
