"""A cancelled job is cancelled at once, and its processes are gone soon: row 14 of the fault matrix
holds that to two seconds."""

import fcntl
import os
import random
import time
from pathlib import Path

import pytest

from headway.errors import AlreadyFinished
from headway.job import Status
from tests.waiting import eventually
from tests.worker.operations_under_test import CHATTY_SECONDS
from tests.worker.processes import group_of, is_alive, is_gone
from tests.worker.site import Site, pid_in


def test_a_pending_job_is_cancelled_and_never_runs(site: Site, tmp_path: Path) -> None:
    """Also when a worker comes later."""
    job = site.submit("until_cancelled", file=str(tmp_path / "here"))
    assert site.cancel(job).status is Status.CANCELLED
    site.worker()
    site.completed(site.submit("noop_alone"))
    assert not (tmp_path / "here").exists()
    assert site.attempts(job) == []


@pytest.mark.parametrize(
    "name", ["until_cancelled", "in_c_code", "ignores_sigterm", "swallows_everything"]
)
def test_a_running_job_is_cancelled_at_once_and_soon_gone(
    running: Site, tmp_path: Path, name: str
) -> None:
    """Whether it listens or not; and nothing is written about it any more."""
    job = running.submit(name, file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    cancelled = running.cancel(job)
    assert cancelled.status is Status.CANCELLED
    eventually(lambda: not is_alive(pid))
    running.completed(running.submit("noop_alone"))
    assert running.job(job) == cancelled
    assert running.reasons(job) == ["cancelled"]


def test_the_processes_an_operation_started_go_with_it(running: Site, tmp_path: Path) -> None:
    """The whole group."""
    job = running.submit("grandchildren", file=str(tmp_path / "here"))
    group = pid_in(tmp_path / "here")
    assert len(group_of(group)) == 4
    running.cancel(job)
    eventually(lambda: group_of(group) == [])


def test_a_cancelled_async_attempt_leaves_its_siblings_alone(running: Site, tmp_path: Path) -> None:
    """They share its process, and notice nothing."""
    sibling = running.submit("until_file_async", file=str(tmp_path / "sibling"))
    job = running.submit("sleeper", file=str(tmp_path / "sleeper"))
    assert pid_in(tmp_path / "sleeper") == pid_in(tmp_path / "sibling")
    assert running.cancel(job).status is Status.CANCELLED
    running.completed(running.submit("noop"))
    (tmp_path / "sibling.go").touch()
    ended = running.completed(sibling)
    assert (ended.interruptions, ended.result) == (0, {"pid": pid_in(tmp_path / "sibling")})


def test_an_async_attempt_that_never_yields_is_killed_and_its_siblings_run_again(
    running: Site, tmp_path: Path
) -> None:
    """They are interrupted, which is not their fault: no attempt and no crash is charged."""
    sibling = running.submit("until_file_async", file=str(tmp_path / "sibling"))
    shared = pid_in(tmp_path / "sibling")
    job = running.submit("never_yields", file=str(tmp_path / "stuck"))
    assert pid_in(tmp_path / "stuck") == shared
    running.cancel(job)
    eventually(lambda: not is_alive(shared))
    (tmp_path / "sibling.go").touch()
    ended = running.completed(sibling)
    assert ended.result != {"pid": shared}
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    assert running.job(job).status is Status.CANCELLED


def test_a_job_cancelled_while_its_module_is_imported_never_begins(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its slot is free at once, and the child is killed as soon as it is there."""
    gate = tmp_path / "gate"
    monkeypatch.setenv("SLOW_IMPORT_GATE", str(gate))
    worker = site.worker(slots=1)
    job = site.submit("slow_import", file=str(tmp_path / "here"))
    eventually(gate.with_suffix(".reached").exists)
    site.cancel(job)
    other = site.submit("noop_alone")  # claimed as soon as the slot is free, forked later
    site.until(other, lambda now: now.status is Status.RUNNING)
    gate.touch()
    site.completed(other)
    eventually(lambda: worker.children() == [])


def test_a_job_cancelled_while_a_broken_module_is_imported_frees_its_slot(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal comes for a job that nobody waits for any more."""
    gate = tmp_path / "gate"
    monkeypatch.setenv("SLOW_IMPORT_GATE", str(gate))
    monkeypatch.setenv("SLOW_IMPORT_FAILS", "1")
    worker = site.worker(slots=1)
    job = site.submit("slow_import")
    eventually(gate.with_suffix(".reached").exists)
    site.cancel(job)
    gate.touch()
    site.completed(site.submit("noop_alone"))
    worker.terminate()
    assert worker.exit_code() == 0


def test_a_cancelled_job_can_be_retried_while_its_old_process_dies(
    running: Site, tmp_path: Path
) -> None:
    """The old one can write no more; the new one is another process."""
    job = running.submit("ignores_sigterm", file=str(tmp_path / "here"))
    first = pid_in(tmp_path / "here")
    running.cancel(job)
    (tmp_path / "here").unlink()
    running.service.queue.retry(job.id, "ada")
    second = pid_in(tmp_path / "here")
    assert second != first
    eventually(lambda: not is_alive(first))
    assert running.job(job).status is Status.RUNNING
    running.cancel(job)
    eventually(lambda: not is_alive(second))


def test_a_cancel_and_an_end_that_race_agree(running: Site) -> None:
    """What the cancel answered is what the job is for good."""
    chance = random.Random(7)
    for _ in range(int(os.environ.get("CANCEL_RACES", "40"))):
        job = running.submit(chance.choice(["noop", "noop_alone"]))
        time.sleep(chance.uniform(0, 0.02))  # the point: any moment, not one we know of
        try:
            assert running.cancel(job).status is Status.CANCELLED
            expected = Status.CANCELLED
        except AlreadyFinished:
            expected = Status.COMPLETED
        running.completed(running.submit("noop"))
        assert running.job(job).status is expected
        ends = [e for e in running.events(job, "status") if e.data["status"] == expected]
        assert len(ends) == 1


# -- a timeout is the same, but for what is written


@pytest.mark.parametrize("name", ["until_cancelled", "in_c_code", "ignores_sigterm", "sleeper"])
def test_an_attempt_beyond_its_timeout_fails(running: Site, tmp_path: Path, name: str) -> None:
    """It says so, is charged, and its process is gone."""
    options = {"timeout": 0.3, "max_attempts": 1}
    job = running.submit(name, options, file=str(tmp_path / "here"))
    ended = running.failed(job)
    assert (ended.attempt, ended.error) == (1, "timed out: it took longer than 0.3 s")
    if name != "sleeper":
        eventually(lambda: is_gone(tmp_path / "here"))


def test_an_async_attempt_that_never_yields_times_out_too(running: Site, tmp_path: Path) -> None:
    """It alone is charged; who shared its process runs again."""
    sibling = running.submit("until_file_async", file=str(tmp_path / "sibling"))
    shared = pid_in(tmp_path / "sibling")
    options = {"timeout": 3.0, "max_attempts": 1}  # it has begun by then, also on a busy machine
    job = running.submit("never_yields", options, file=str(tmp_path / "stuck"))
    ended = running.failed(job)
    assert ended.error == "timed out: it took longer than 3 s"
    assert not is_alive(shared)
    (tmp_path / "sibling.go").touch()
    assert running.completed(sibling).interruptions == 1


def test_every_attempt_has_the_whole_timeout(running: Site, tmp_path: Path) -> None:
    """The second may take as long as the first."""
    job = running.submit("sleeper", {"timeout": 0.2, "max_attempts": 2})
    ended = running.failed(job)
    spans = [one.ended_at - one.started_at for one in running.attempts(ended)]
    assert len(spans) == 2
    assert min(spans) >= 0.2


# -- and so is a stall


@pytest.mark.parametrize("name", ["silent", "silent_async"])
def test_an_attempt_that_says_nothing_for_too_long_fails(
    running: Site, tmp_path: Path, name: str
) -> None:
    """Its sentence tells it from a timeout; the process of its own is gone."""
    job = running.submit(name, file=str(tmp_path / "here"))
    ended = running.failed(job)
    assert ended.error == "stalled: it said nothing for 0.5 s"
    assert (ended.attempt, ended.crashes, ended.interruptions) == (1, 0, 0)
    if name == "silent":
        eventually(lambda: is_gone(tmp_path / "here"))


def test_a_process_that_stands_still_stalls(running: Site, tmp_path: Path) -> None:
    """SIGKILL reaches it."""
    job = running.submit("stands_still", file=str(tmp_path / "here"))
    assert running.failed(job).error == "stalled: it said nothing for 0.5 s"
    eventually(lambda: is_gone(tmp_path / "here"))


def test_whoever_says_something_now_and_then_does_not_stall(running: Site) -> None:
    """Whatever it says, and also while the store makes the worker wait for longer than that."""
    locked = CHATTY_SECONDS + 0.5
    steps = int((locked + 1.5) / 0.05)
    jobs = [running.submit(one, steps=steps, pause=0.05) for one in ("chatty", "chatty_async")]
    for job in jobs:
        running.until(job, lambda now: now.status is Status.RUNNING)
    with (running.directory / "write.gate").open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        held = time.monotonic()
        eventually(lambda: time.monotonic() > held + locked)
    for job in jobs:
        assert running.completed(job).attempt == 0
