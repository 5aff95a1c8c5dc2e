"""One large job on every slot of every worker: shared, killed, cancelled, and the same in the end."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from headway.job import Job, Status, Waiting
from tests.waiting import eventually
from tests.worker.operations_under_test import Shared
from tests.worker.processes import is_alive
from tests.worker.site import Site
from tests.worker.steps import Line, lines_of

STEPS = 40
RESULT = {"sum": sum(number * number for number in range(STEPS)), "shards": 4}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def submit(site: Site, log: Path, **fields: object) -> Job:
    request = Shared.model_validate({"steps": STEPS, "every": 2, "log": str(log), **fields})
    return site.submit("squares", **request.model_dump())


def steps(log: Path, word: str = "step") -> list[Line]:
    return [one for one in lines_of(log) if one.word == word]


def whole(site: Site, job: Job) -> Job:
    """The job has ended as it does undisturbed, and everything about it adds up."""
    ended = site.completed(job, within=60)
    assert (ended.result, ended.progress) == (RESULT, 100.0)
    counts = ended.counts
    assert (counts.total, counts.succeeded, counts.failed, counts.remaining) == (STEPS, 36, 4, 0)
    parts = site.store.jobs.parts(job.id)
    assert [(one.first, one.count) for one in parts] == [(n, 2) for n in range(0, STEPS, 2)]
    events = site.events(job)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    published = Counter(
        (one.data["shard"], one.data["first"]) for one in events if one.kind == "items"
    )
    assert published == Counter((shard, first) for shard in range(4) for first in range(0, 10, 2))
    ends = [one.data for one in events if one.kind == "shard" and one.data["status"] == "completed"]
    assert sorted(one["shard"] for one in ends) == [0, 1, 2, 3]
    return ended


def test_a_large_input_runs_as_shards_and_ends_as_one(running: Site, log: Path) -> None:
    """Split once, each step done once, merged once."""
    job = submit(running, log)
    ended = whole(running, job)
    assert [one.step for one in steps(log, "split")] == [STEPS]
    assert [one.step for one in steps(log, "merge")] == [4]
    assert sorted(one.step for one in steps(log)) == list(range(STEPS))
    assert ended.message == "merging"
    assert running.reasons(job) == ["split", "completed"]
    assert len({one.pid for one in steps(log)}) == 4


def test_a_small_input_is_not_split(running: Site, log: Path) -> None:
    """It runs in the very attempt that found it to be small."""
    job = submit(running, log, shards=0)
    assert running.completed(job).result == {**RESULT, "shards": 0}
    assert running.reasons(job) == ["completed"]
    assert len({one.pid for one in lines_of(log)}) == 1
    assert running.store.jobs.shards(job.id) == []


def test_a_waiting_job_takes_no_slot(running: Site, log: Path, tmp_path: Path) -> None:
    """Both slots run shards; with one of them at a gate the other runs whatever comes."""
    gate = tmp_path / "gate"
    job = submit(running, log, gate=str(gate), gate_at=0)
    running.until(job, lambda now: now.counts.succeeded + now.counts.failed == STEPS - 10)
    waiting = running.job(job)
    assert (waiting.status, waiting.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    running.completed(running.submit("noop_alone"))
    assert running.store.jobs.parts(job.id) == []
    gate.touch()
    whole(running, job)


def test_a_killed_child_costs_its_shard_no_more_than_a_checkpoint(
    running: Site, log: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = submit(running, log, gate=str(gate), gate_at=25)
    eventually(lambda: any(one.step == 24 for one in steps(log)), within=30)
    os.kill(next(one.pid for one in steps(log) if one.step == 24), signal.SIGKILL)
    third = running.store.jobs.shards(job.id)[2]
    running.until(third, lambda now: now.crashes == 1)
    gate.touch()
    whole(running, job)
    done = Counter(one.step for one in steps(log))
    assert {step for step, times in done.items() if times > 1} <= {24, 25}
    assert running.job(third).resumed_from == {"checkpoint": 2, "next": 4}
    assert running.job(job).crashes == 0


def test_cancelling_the_job_ends_the_children_of_all_its_shards(running: Site, log: Path) -> None:
    job = submit(running, log, pause=60.0)  # each stands in its first step
    eventually(lambda: len({one.pid for one in steps(log)}) == 2, within=30)
    pids = {one.pid for one in steps(log)}
    cancelled = running.cancel(job)
    assert cancelled.status is Status.CANCELLED
    assert {one.status for one in running.store.jobs.shards(job.id)} == {Status.CANCELLED}
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid), within=30)  # type: ignore[misc]
    running.completed(running.submit("noop_alone"))
    assert running.job(job) == cancelled


def test_a_shard_that_fails_for_good_fails_the_job_and_stops_the_others(
    running: Site, log: Path
) -> None:
    """With its sentence; a retry by hand then does what was not done, and no more."""
    job = submit(running, log, fails_at=15)
    failed = running.failed(job, within=30)
    assert failed.error == "shard 2 of 4 failed: step 15 cannot be done"
    shards = running.store.jobs.shards(job.id)
    assert shards[1].status is Status.FAILED
    assert not [one for one in shards if not one.status.finished]
    before = Counter(one.step for one in steps(log))
    running.service.queue.retry(job.id, job.owner)
    assert running.failed(job, within=30).error == failed.error
    again = Counter(one.step for one in steps(log)) - before
    completed = [one.shard for one in shards if one.status is Status.COMPLETED]
    assert not [step for step in again if step // 10 in completed]


def test_two_workers_share_one_job(site: Site, log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    workers = [site.worker(slots=1), site.worker(slots=1)]
    job = submit(site, log, gate=str(gate), gate_at=0)
    eventually(lambda: len(steps(log)) == STEPS - 10, within=30)
    gate.touch()
    whole(site, job)
    shards = site.store.jobs.shards(job.id)
    assert len({one.worker for one in shards}) == len(workers)


def test_killing_everything_in_the_middle_changes_nothing_of_the_result(
    site: Site, log: Path, tmp_path: Path
) -> None:
    """kill -9 of the workers while shards run, then while the merge does."""
    gate, merge_gate = tmp_path / "gate", tmp_path / "merge-gate"
    site.worker(entry=("tests.worker.quick_leases",))
    site.worker(entry=("tests.worker.quick_leases",))
    job = submit(site, log, gate=str(gate), gate_at=5, merge_gate=str(merge_gate), pause=0.01)
    eventually(lambda: len(steps(log)) >= 12, within=30)
    for worker in site.workers:
        worker.kill()
    gate.touch()
    site.worker(entry=("tests.worker.quick_leases",))
    eventually(lambda: steps(log, "merge"), within=60)
    site.workers[-1].kill()
    merge_gate.touch()
    site.worker(entry=("tests.worker.quick_leases",))
    ended = whole(site, job)
    assert ended.interruptions == 1
    assert len(steps(log, "split")) == 1
    assert {one.step for one in steps(log)} == set(range(STEPS))
