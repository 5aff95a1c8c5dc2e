"""Nothing is lost, orphaned or done twice when processes are killed or stand still."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from headway.job import Status
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps, chained
from tests.worker.processes import below, is_alive
from tests.worker.site import Site, pid_in
from tests.worker.steps import lines_of, most_redone, redone_after_saved, stale

QUICK = ("tests.worker.quick_leases",)


def test_a_killed_child_is_a_crash_and_its_job_resumes_at_the_checkpoint(
    running: Site, tmp_path: Path
) -> None:
    """At most the steps since the last checkpoint are done again."""
    log = tmp_path / "log"
    gate, ends = tmp_path / "gate", [13, 26, 39, 52]  # whoever is late to kill finds it there
    steps = Steps(
        steps=60, every=5, pause=0.005, log=str(log), gate=str(gate), gate_at=-1, gates=ends
    )
    job = running.submit("chain", **steps.model_dump())
    for crashes, end in enumerate(ends, 1):  # more than three: each time it has moved on meanwhile
        seen = len(lines_of(log))
        eventually(lambda seen=seen: len(lines_of(log)) > seen + 12)  # type: ignore[misc]
        os.kill(lines_of(log)[-1].pid, signal.SIGKILL)
        running.until(job, lambda now, n=crashes: now.crashes == n)  # type: ignore[misc]
        (tmp_path / f"gate-{end}").touch()
    ended = running.completed(job)
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 4, 0)
    lines = lines_of(log)
    fence = running.fence(job)
    assert (redone_after_saved(lines, fence), stale(lines, fence)) == ([], [])
    assert most_redone(lines) <= 5
    assert len([one for one in lines if one.word == "step"]) <= 60 + 4 * 5


def test_items_of_a_killed_child_are_published_once(running: Site, tmp_path: Path) -> None:
    """Those since the last checkpoint are made again, and nobody saw them before."""
    log = tmp_path / "log"
    steps = Steps(steps=30, every=10, log=str(log), gate=str(tmp_path / "gate"), gate_at=15)
    job = running.submit("count", **steps.model_dump())
    eventually(lambda: any(one.step == 14 for one in lines_of(log)))
    os.kill(lines_of(log)[-1].pid, signal.SIGKILL)
    running.until(job, lambda now: now.crashes == 1)
    (tmp_path / "gate").touch()
    ended = running.completed(job)
    assert (ended.counts.succeeded, ended.counts.failed, ended.counts.remaining) == (27, 3, 0)
    parts = running.store.jobs.parts(job.id)
    assert [(one.first, one.count) for one in parts] == [(0, 10), (10, 10), (20, 10)]


def test_a_killed_zygote_interrupts_its_attempts_and_they_run_again(
    running: Site, tmp_path: Path
) -> None:
    """Both kinds; not their fault; and no process of theirs is left."""
    jobs = [
        running.submit(name, file=str(tmp_path / name))
        for name in ("until_file", "until_file_async")
    ]
    before = [pid_in(tmp_path / name) for name in ("until_file", "until_file_async")]
    os.kill(running.workers[-1].zygote, signal.SIGKILL)
    for pid in before:
        eventually(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
    for name in ("until_file", "until_file_async"):
        (tmp_path / f"{name}.go").touch()
    for job in jobs:
        ended = running.completed(job)
        assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)


def test_a_killed_worker_leaves_no_orphan_and_another_takes_over(
    site: Site, tmp_path: Path
) -> None:
    """Nor a grandchild; how soon the job runs elsewhere is shown by row 2 of the fault matrix."""
    first = site.worker()
    stuck = site.submit("grandchildren", file=str(tmp_path / "stuck"))
    shared = site.submit("until_file_async", file=str(tmp_path / "shared"))
    pid_in(tmp_path / "stuck"), pid_in(tmp_path / "shared")
    below = first.below()
    assert len(below) == 6  # the zygote, two children, three grandchildren
    for name in ("stuck", "shared"):
        (tmp_path / name).unlink()
    second = site.worker()
    first.kill()
    eventually(lambda: not any(map(is_alive, below)))
    for name in ("stuck", "shared"):
        pid_in(tmp_path / name, within=60)  # a lease and two sweeps take half of it by themselves
    for job in (stuck, shared):
        now = site.job(job)
        assert (now.status, now.attempt, now.interruptions) == (Status.RUNNING, 0, 1)
    site.cancel(stuck)
    site.cancel(shared)
    second.terminate()
    assert second.exit_code() == 0


def test_a_worker_in_the_same_place_takes_over_at_once(site: Site, tmp_path: Path) -> None:
    """That it could start there is the proof that the one before is dead."""
    first = site.worker("--lifeline", stdin=subprocess.PIPE)
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    first.kill()
    (tmp_path / "here.go").touch()
    site.start("--lifeline", stdin=subprocess.PIPE)
    ended = site.completed(job)
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    assert site.reasons(job) == ["interrupted", "completed"]


def test_a_worker_that_stood_still_beyond_its_lease_can_write_nothing(
    site: Site, tmp_path: Path
) -> None:
    """Another has taken its job; it notices, ends its child, and goes on as a new worker."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    steps = Steps(steps=40, log=str(log), gate=str(gate), gate_at=10, gates=[30])
    first = site.worker(entry=QUICK)
    job = site.submit("chain", **steps.model_dump())
    eventually(lambda: any(one.step == 9 for one in lines_of(log)))
    child = lines_of(log)[-1].pid
    site.worker(entry=QUICK)
    site.stop_outside_a_write(first.pid)
    gate.touch()
    taken = site.until(job, lambda now: now.interruptions == 1 and now.status is Status.RUNNING)
    eventually(lambda: any(one.step == 29 for one in lines_of(log)))  # the other waits now
    os.kill(first.pid, signal.SIGCONT)
    eventually(lambda: "the lease has lapsed: " in first.log)
    eventually(lambda: not is_alive(child))
    (tmp_path / "gate-30").touch()
    ended = site.completed(job)
    assert ended.worker == taken.worker
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.interruptions) == (0, 1)
    lines = lines_of(log)
    fence = site.fence(job)
    assert (stale(lines, fence), redone_after_saved(lines, fence)) == ([], [])
    assert most_redone(lines) <= 2
    eventually(lambda: len(site.store.workers.alive()) == 2)


@pytest.mark.parametrize("act", ["claim", "checkpoint"])
def test_a_worker_that_is_not_told_what_became_of_a_commit_begins_anew(
    site: Site, tmp_path: Path, act: str
) -> None:
    """What it might hold without its knowledge is found by the sweep; nothing is written twice."""
    log = tmp_path / "log"
    steps = Steps(steps=40, every=5, log=str(log))
    job = site.submit("chain", **steps.model_dump())
    worker = site.start(entry=("tests.worker.unsure", act))
    ended = site.completed(job, within=60)
    assert "to begin anew: the answer was lost" in worker.log
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    lines, fence = lines_of(log), site.fence(job)
    assert (stale(lines, fence), redone_after_saved(lines, fence)) == ([], [])
    assert fence.out_of_turn == []


@pytest.mark.parametrize("name", ["until_file", "until_file_async"])
def test_a_child_that_stands_still_keeps_its_job(running: Site, tmp_path: Path, name: str) -> None:
    """The worker beats, not the child: silence is no sign of death."""
    job = running.submit(name, file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    os.kill(pid, signal.SIGSTOP)
    beat = running.store.workers.alive()[0].beat_at
    eventually(lambda: running.store.workers.alive()[0].beat_at > beat)
    assert running.job(job).status is Status.RUNNING
    os.kill(pid, signal.SIGCONT)
    (tmp_path / "here.go").touch()
    assert running.completed(job).interruptions == 0


def test_a_child_that_stands_still_can_be_cancelled(running: Site, tmp_path: Path) -> None:
    """SIGKILL reaches it all the same."""
    job = running.submit("until_file", file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    os.kill(pid, signal.SIGSTOP)
    running.cancel(job)
    eventually(lambda: not is_alive(pid))


def _daemons_of(folder: Path) -> list[int]:
    """The processes that left their group, once all are there; they outlive nothing so far."""
    eventually((folder / "all").exists)
    found = [int(one.read_text()) for one in folder.iterdir() if one.name != "all"]
    assert len(found) == 4
    return found


@pytest.mark.parametrize("how", ["returns", "is cancelled", "is killed"])
def test_processes_that_left_the_group_end_with_their_attempt(
    running: Site, tmp_path: Path, how: str
) -> None:
    """Not before it, and however it ends; what another attempt has started lives on."""
    for name in ("daemons", "others"):
        (tmp_path / name).mkdir()
    other = running.submit("daemons", folder=str(tmp_path / "others"))
    beside = _daemons_of(tmp_path / "others")
    job = running.submit("daemons", folder=str(tmp_path / "daemons"), returns=how == "returns")
    started = _daemons_of(tmp_path / "daemons")
    if how == "returns":
        running.completed(job)
    else:
        assert all(map(is_alive, started))
    if how == "is cancelled":
        running.cancel(job)
    elif how == "is killed":
        (child,) = [one for one in running.workers[-1].children() if started[0] in below(one)]
        (tmp_path / "daemons" / "all").unlink()
        os.kill(child, signal.SIGKILL)
    eventually(lambda: not any(map(is_alive, started)))
    assert all(map(is_alive, beside))
    running.cancel(other)
    eventually(lambda: not any(map(is_alive, beside)))
    if how == "is killed":
        again = _daemons_of(tmp_path / "daemons")
        running.cancel(job)
        eventually(lambda: not any(map(is_alive, again)))


def test_processes_that_left_the_group_end_with_their_worker(site: Site, tmp_path: Path) -> None:
    """SIGKILL leaves the worker no time for them; the zygote sees to it."""
    worker = site.worker()
    site.submit("daemons", folder=str(tmp_path))
    started = _daemons_of(tmp_path)
    worker.kill()
    eventually(lambda: not any(map(is_alive, started)))


def test_the_next_attempt_removes_the_scratch_of_one_whose_worker_was_killed(
    site: Site, tmp_path: Path
) -> None:
    """Nobody was left to do it when it ended."""
    first = site.worker("--lifeline", stdin=subprocess.PIPE)
    job = site.submit("fills_scratch", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    (left,) = site.directory.glob(f"artifacts/jobs/{job.id}/*/scratch")
    (tmp_path / "here").unlink()
    first.kill()
    assert list(left.iterdir())
    site.start("--lifeline", stdin=subprocess.PIPE)
    pid_in(tmp_path / "here")
    (now,) = site.directory.glob(f"artifacts/jobs/{job.id}/*/scratch")
    assert now != left
    site.cancel(job)


@pytest.mark.parametrize("name", ["until_file", "until_file_async"])
def test_no_scratch_is_left_of_any_attempt_when_the_job_ends(
    site: Site, tmp_path: Path, name: str
) -> None:
    """Not even of one that stood still, and went on for a moment when another ran already."""
    first = site.worker("--lifeline", stdin=subprocess.PIPE)
    job = site.submit(name, file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    (tmp_path / "here").unlink()
    first.kill()
    left = site.service.files.attempt_dir(job.id, 1) / "scratch"
    left.mkdir()
    site.start("--lifeline", stdin=subprocess.PIPE)
    pid_in(tmp_path / "here")
    assert not left.exists()
    left.mkdir()
    (left / "late").touch()
    (tmp_path / "here.go").touch()
    site.completed(job)
    eventually(lambda: not left.exists())
