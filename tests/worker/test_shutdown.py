"""A worker that is told to stop gives everything back, in time, and charges nobody."""

import fcntl
import signal
import subprocess
import time
from pathlib import Path

import pytest

from headway.job import Status
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps, chained
from tests.worker.processes import children_of, is_alive, is_stopped
from tests.worker.site import Site, WorkerProcess, pid_in
from tests.worker.steps import lines_of, most_redone, redone_after_saved


@pytest.mark.parametrize("name", ["chain", "chain_async"])
def test_a_job_with_checkpoints_goes_on_elsewhere_from_the_last_one(
    site: Site, tmp_path: Path, name: str
) -> None:
    """Released as pending within the grace time, not charged; not one step is done again."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    steps = Steps(steps=40, log=str(log), gate=str(gate), gate_at=20, seed=3)
    worker = site.worker()
    job = site.submit(name, **steps.model_dump())
    eventually(lambda: any(one.step == 19 for one in lines_of(log)))
    worker.terminate()
    eventually(lambda: "stopping: 1 job running" in worker.log)
    gate.touch()
    assert worker.exit_code() == 0
    released = site.job(job)
    assert (released.status, released.interruptions) == (Status.PENDING, 1)
    assert (released.attempt, released.crashes, released.waiting_for) == (0, 0, None)
    assert site.reasons(job) == ["interrupted"]
    reached = max(one.step for one in lines_of(log) if one.word == "saved")
    assert reached < 39
    site.worker()
    ended = site.completed(job)
    assert ended.result == {"value": chained(steps)}
    assert ended.resumed_from is not None
    assert ended.resumed_from["next"] >= reached + 1
    lines = lines_of(log)
    assert (redone_after_saved(lines, site.fence(job)), most_redone(lines)) == ([], 1)


def test_a_job_without_checkpoints_is_killed_after_the_grace_time(
    site: Site, tmp_path: Path
) -> None:
    """And is pending again."""
    worker = site.worker(grace=0.5)
    job = site.submit("in_c_code", file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    told = time.monotonic()
    worker.terminate()
    assert worker.exit_code() == 0
    assert time.monotonic() - told >= 0.5
    assert not is_alive(pid)
    assert "has stopped: of 1 job that ran, 1 went back" in worker.log
    assert (site.job(job).status, site.job(job).interruptions) == (Status.PENDING, 1)


def test_a_job_that_ends_within_the_grace_time_is_completed(site: Site, tmp_path: Path) -> None:
    """Nothing of its work is lost; and what was waiting stays so."""
    worker = site.worker(slots=1)
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    waiting = site.submit("noop_alone")
    worker.terminate()
    eventually(lambda: "stopping: 1 job running" in worker.log)
    (tmp_path / "here.go").touch()
    assert worker.exit_code() == 0
    assert "has stopped: of 1 job that ran, 0 went back" in worker.log
    assert site.job(job).status is Status.COMPLETED
    assert (site.job(waiting).status, site.job(waiting).interruptions) == (Status.PENDING, 0)


@pytest.mark.parametrize("name", ["in_c_code", "never_yields"])
def test_a_second_signal_means_at_once(site: Site, tmp_path: Path, name: str) -> None:
    """Whatever the grace time is."""
    worker = site.worker(grace=60)
    job = site.submit(name, file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    worker.terminate()
    eventually(lambda: "stopping: 1 job running" in worker.log)
    worker.terminate()
    assert worker.exit_code() == 0
    assert not is_alive(pid)
    assert (site.job(job).status, site.job(job).interruptions) == (Status.PENDING, 1)


@pytest.mark.parametrize(("signals", "entry"), [(1, "tests.worker.quick_leases"), (2, "headway")])
def test_a_worker_ends_also_while_the_database_is_away(
    site: Site, tmp_path: Path, signals: int, entry: str
) -> None:
    """At the second signal, or with its lease; others give back what it could not tell."""
    worker = site.worker(entry=(entry,), grace=60 if signals > 1 else 0.2)
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here")
    with (site.directory / "write.gate").open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for _ in range(signals):
            worker.terminate()
            eventually(lambda: "stopping: 1 job running" in worker.log)
        assert worker.exit_code(within=40) == 0
        assert not is_alive(pid)
    (tmp_path / "here.go").touch()
    site.worker()
    ended = site.completed(job, within=40)
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)


def test_an_idle_worker_ends_at_once(site: Site) -> None:
    """And is no longer counted among the living."""
    worker = site.worker()
    assert [one.pid for one in site.store.workers.alive()] == [worker.pid]
    worker.process.send_signal(signal.SIGINT)
    assert worker.exit_code() == 0
    assert site.store.workers.alive() == []


def test_a_signal_while_the_worker_starts_ends_it(site: Site) -> None:
    """By the signal, before it can hear; with exit code 0, as soon as it can."""
    job = site.submit("noop_alone")
    worker = site.start(entry=("tests.worker.standing_start",))
    eventually(lambda: is_stopped(worker.pid))
    worker.terminate()
    worker.process.send_signal(signal.SIGCONT)
    assert worker.exit_code() == -signal.SIGTERM
    worker = site.start()
    eventually(lambda: children_of(worker.pid))  # the zygote: the worker can hear
    worker.terminate()
    assert worker.exit_code() == 0
    assert site.store.workers.alive() == []
    site.worker()
    assert site.completed(job).crashes == 0


def test_a_worker_stops_also_while_a_module_is_imported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for the import to end; the job is pending again."""
    gate = tmp_path / "gate"
    monkeypatch.setenv("SLOW_IMPORT_GATE", str(gate))
    worker = site.worker(grace=0.2)
    job = site.submit("slow_import")
    eventually(gate.with_suffix(".reached").exists)
    worker.terminate()
    assert worker.exit_code() == 0
    assert (site.job(job).status, site.job(job).interruptions) == (Status.PENDING, 1)


def test_a_worker_whose_supervisor_is_gone_ends_at_once(site: Site, tmp_path: Path) -> None:
    """The end of its standard input is how it hears."""
    job = site.submit("in_c_code", file=str(tmp_path / "here"))
    worker = site.start("--lifeline", stdin=subprocess.PIPE, grace=60).until_ready()
    pid = pid_in(tmp_path / "here")
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.exit_code() == 0
    assert not is_alive(pid)
    assert site.job(job).status is Status.PENDING


def test_many_interruptions_without_progress_end_a_job_with_the_reason(
    site: Site, tmp_path: Path
) -> None:
    """Ten of them: no poison loop, even where nobody is to blame."""
    worker = site.worker()
    job = site.submit("until_cancelled", file=str(tmp_path / "here"))
    for _ in range(10):
        pid_in(tmp_path / "here")
        (tmp_path / "here").unlink()
        _kill_zygote(worker)
    ended = site.failed(job)
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 10)
    assert str(ended.error).endswith("; given up after 10 interruptions without progress")


def _kill_zygote(worker: WorkerProcess) -> None:
    zygote = worker.zygote
    subprocess.run(["kill", "-9", str(zygote)], check=True)
    eventually(lambda: not is_alive(zygote))
