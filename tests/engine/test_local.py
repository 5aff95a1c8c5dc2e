"""The local engine: one embedded worker for each data directory, whoever dies."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headway.engine import supervisor
from headway.job import Status
from headway.settings import Settings
from headway.wiring import Service, open_service
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps, chained
from tests.worker.processes import below, children_of, is_alive
from tests.worker.site import MODULE, ROOT, Site, pid_in
from tests.worker.steps import lines_of, redone_after_saved, stale

Supervise = Callable[[], "subprocess.Popen[str]"]
Workers = Callable[[], list[int]]


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """A queue without an engine, to submit and to look on."""
    site = Site(data_dir)
    yield site
    site.close()


@pytest.fixture
def service(data_dir: Path) -> Iterator[Service]:
    """A service with an embedded worker, not started."""
    service = open_service(Settings(data_dir=data_dir, operations=(MODULE,), slots=2, grace=1))
    yield service
    service.close()


@pytest.fixture
def workers() -> Workers:
    """The children this process has started since the test began: a service that other tests share
    may have a worker of its own."""
    before = set(children_of(os.getpid()))
    return lambda: [pid for pid in children_of(os.getpid()) if pid not in before]


@pytest.fixture
def supervise(site: Site) -> Iterator[Supervise]:
    """Start one more process with an engine on the site's directory."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.supervisor", str(site.directory)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


def test_an_engine_that_is_never_asked_starts_no_worker(service: Service, workers: Workers) -> None:
    """An API without jobs has no second process, and stops without ado."""
    assert workers() == []
    service.close()


def test_an_offer_starts_the_worker_and_does_not_wait_for_it(
    service: Service, site: Site, workers: Workers
) -> None:
    """Whoever submits has his answer long before the worker is up."""
    job = site.submit("noop_alone")
    with (site.directory / "write.gate").open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)  # no worker can be up before it is given back
        for _ in range(1000):
            service.engine.offer({"noop_alone"})
        assert site.store.workers.alive() == []
    site.completed(job)
    (worker,) = workers()
    service.engine.start()
    service.engine.start()
    assert workers() == [worker]


def test_a_worker_that_a_signal_has_stopped_is_replaced(
    service: Service,
    site: Site,
    workers: Workers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may stand inside of a transaction; its jobs go on from their checkpoints."""
    monkeypatch.setattr(supervisor, "STOPPED_SECONDS", 0.5)
    steps = Steps(steps=300, pause=0.01, log=str(tmp_path / "log"))
    job = site.submit("chain", **steps.model_dump())
    service.start()
    eventually(lambda: len(lines_of(tmp_path / "log")) > 20, within=30)
    (stopped,) = workers()
    os.kill(stopped, signal.SIGSTOP)
    eventually(lambda: not is_alive(stopped), within=30)
    ended = site.completed(job, within=60)
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.crashes) == (0, 0)
    lines, fence = lines_of(tmp_path / "log"), site.fence(job)
    assert (redone_after_saved(lines, fence), stale(lines, fence)) == ([], [])


def test_stopping_ends_the_worker_and_may_be_done_twice(
    service: Service, site: Site, workers: Workers
) -> None:
    """Nothing is left, and nothing starts again."""
    job = site.submit("in_c_code")
    service.start()
    site.until(job, lambda now: now.status is Status.RUNNING)
    (worker,) = workers()
    everybody = [worker, *below(worker)]
    service.engine.stop()
    assert not any(map(is_alive, everybody))
    assert (site.job(job).status, site.job(job).interruptions) == (Status.PENDING, 1)
    service.engine.stop()
    service.engine.start()
    service.engine.offer({"noop"})
    assert workers() == []


def test_stopping_before_the_worker_is_up_leaves_nothing(
    service: Service, site: Site, workers: Workers
) -> None:
    """At whatever moment of its start."""
    service.start()
    (worker,) = eventually(workers)
    service.close()
    assert not is_alive(worker)


def test_threads_that_start_and_stop_at_once_leave_nothing(
    service: Service, workers: Workers
) -> None:
    """Both are safe from any thread."""
    actions = [service.engine.start, service.engine.stop] * 8
    threads = [threading.Thread(target=one) for one in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.engine.stop()
    assert workers() == []


def test_a_killed_worker_is_started_again_and_its_job_goes_on(
    service: Service, site: Site, tmp_path: Path, workers: Workers
) -> None:
    """From its checkpoint, at once: the lock is the proof that the one before is dead."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    steps = Steps(steps=40, log=str(log), gate=str(gate), gate_at=20)
    job = site.submit("chain", **steps.model_dump())
    service.start()
    eventually(lambda: any(one.step == 19 for one in lines_of(log)))
    (worker,) = workers()
    everybody = below(worker)
    os.kill(worker, signal.SIGKILL)
    gate.touch()
    ended = site.completed(job)
    eventually(lambda: not any(map(is_alive, everybody)))
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    lines, fence = lines_of(log), site.fence(job)
    assert (redone_after_saved(lines, fence), stale(lines, fence)) == ([], [])


def test_several_processes_share_one_worker(site: Site, supervise: Supervise) -> None:
    """The lock decides whose it is; the others wait for their turn."""
    supervisors = [supervise() for _ in range(3)]
    site.completed(site.submit("noop_alone"))
    workers = [pid for one in supervisors for pid in children_of(one.pid)]
    assert len(workers) == 1
    assert [one.pid for one in site.store.workers.alive()] == workers


def test_when_the_holder_is_killed_another_takes_over(
    site: Site, supervise: Supervise, tmp_path: Path
) -> None:
    """The orphaned worker and all below it are gone; the job goes on under the next."""
    supervisors = [supervise() for _ in range(2)]
    job = site.submit("grandchildren", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here")
    (holder,) = [one for one in supervisors if children_of(one.pid)]
    (other,) = [one for one in supervisors if one is not holder]
    everybody = below(holder.pid)
    assert len(everybody) == 6  # worker, zygote, child, three grandchildren
    (tmp_path / "here").unlink()
    holder.kill()
    eventually(lambda: not any(map(is_alive, everybody)))
    pid_in(tmp_path / "here")
    assert len(children_of(other.pid)) == 1
    now = site.job(job)
    assert (now.status, now.attempt, now.crashes, now.interruptions) == (Status.RUNNING, 0, 0, 1)
    site.cancel(job)


def test_when_the_holder_stops_another_takes_over(site: Site, supervise: Supervise) -> None:
    """As in a rolling restart: there is a worker again, and only one."""
    first = supervise()
    site.completed(site.submit("noop"))
    second = supervise()
    first.terminate()
    assert first.wait(60) == 0
    site.completed(site.submit("noop_alone"))
    assert len(children_of(second.pid)) == 1


def test_a_worker_beside_the_embedded_one_needs_no_lock(
    site: Site, supervise: Supervise, tmp_path: Path
) -> None:
    """`headway work` may always run."""
    supervise()
    site.completed(site.submit("noop"))
    beside = site.worker()
    assert len(site.store.workers.alive()) == 2
    beside.terminate()
    assert beside.exit_code() == 0


class Unhurried(supervisor.Supervisor):
    """Notes how long it would wait, and is stopped at the sixth time."""

    def __init__(self) -> None:
        super().__init__({}, patience=1)
        self.pauses: list[float] = []

    def wait_stopped(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) == 6


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_a_worker_that_fails_at_its_start_is_tried_less_and_less_often(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it could not be started or ended right away; and never less often than this."""
    monkeypatch.setattr(sys, "executable", program)
    unhurried = Unhurried()
    unhurried.run()
    assert unhurried.pauses == [1, 2, 4, 8, 10, 10]


def test_a_worker_that_cannot_be_started_is_tried_again(
    service: Service,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    workers: Workers,
) -> None:
    """A machine without memory for one more process may have some in a moment."""
    job = site.submit("noop")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        service.start()
        eventually(lambda: "cannot be started, trying again" in caplog.text)
    site.completed(job)
    assert len(workers()) == 1
