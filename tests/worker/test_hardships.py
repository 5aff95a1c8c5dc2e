"""A worker goes on where its surroundings fail it: imports that hang, a disk that is full."""

import os
import resource
import time
from pathlib import Path

import pytest

from headway.job import Status
from tests.waiting import eventually
from tests.worker.site import Site, pid_in


def test_an_import_that_hangs_is_a_crash_of_its_job_alone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forks is started again; those who waited behind it or ran beside it are interrupted."""
    monkeypatch.setenv("SLOW_IMPORT_GATE", str(tmp_path / "never"))
    site.worker(entry=("tests.worker.quick_starts",), slots=3)
    beside = site.submit("until_file", file=str(tmp_path / "beside"))
    pid_in(tmp_path / "beside")
    job = site.submit("slow_import", {"priority": 0})
    eventually((tmp_path / "never.reached").exists)
    behind = site.submit("noop_alone")
    crashed = site.until(job, lambda now: now.crashes == 1)
    assert crashed.error == "the process that forks children died"
    site.cancel(job)
    (tmp_path / "beside.go").touch()
    for one in (beside, behind):
        ended = site.completed(one)
        assert (ended.crashes, ended.attempt) == (0, 0)


def test_a_timeout_stays_one_when_the_worker_is_stopped(site: Site, tmp_path: Path) -> None:
    """It was charged with a reason, and a stop is none to forget it."""
    worker = site.worker(grace=0)
    options = {"timeout": 0.3, "max_attempts": 1}
    job = site.submit("notes_sigterm", options, file=str(tmp_path / "here"))
    eventually(lambda: (tmp_path / "here.told").exists() or site.job(job).status.finished)
    worker.terminate()
    assert worker.exit_code() == 0
    ended = site.job(job)
    assert (ended.status, ended.error) == (
        Status.FAILED,
        "timed out: it took longer than 0.3 s",
    )


def test_a_disk_that_is_full_for_a_moment_costs_a_moment(site: Site, tmp_path: Path) -> None:
    """The worker tries again, at its ease, and no attempt is lost."""
    worker = site.worker()
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    _let_files_grow(worker.pid, to=0)
    (tmp_path / "here.go").touch()
    beat = site.store.workers.alive()[0].beat_at
    used = _cpu_seconds(worker.pid)
    eventually(lambda: time.time() > beat + 3.5)  # one beat has failed by now, and more
    assert _cpu_seconds(worker.pid) - used < 1
    assert site.job(job).status is Status.RUNNING
    _let_files_grow(worker.pid, to=resource.RLIM_INFINITY)
    ended = site.completed(job)
    assert (ended.attempt, ended.interruptions) == (0, 0)
    assert [one.pid for one in site.store.workers.alive()] == [worker.pid]


def _let_files_grow(pid: int, *, to: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (to, hard))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_async_operation_that_crashes_does_not_take_its_siblings_to_their_end(
    site: Site, tmp_path: Path
) -> None:
    """It is given up, alone; they were interrupted a few times, and complete."""
    worker = site.worker()
    siblings = [
        site.submit("until_file_async", file=str(tmp_path / f"sibling-{n}")) for n in range(20)
    ]
    for n in range(20):
        pid_in(tmp_path / f"sibling-{n}")
    ended = site.failed(site.submit("segfault_async"))
    assert "SIGSEGV" in str(ended.error)
    for n, sibling in enumerate(siblings):
        (tmp_path / f"sibling-{n}.go").touch()
        now = site.completed(sibling)
        assert (now.attempt, now.crashes) == (0, 0)
        assert 1 <= now.interruptions <= 8
    eventually(lambda: len(worker.children()) <= 1)  # the lanes for suspects are empty again
