"""What holds on every engine: jobs run, end, stop and go on in the same way, whatever wakes workers."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.job import Status, Waiting
from tests.engine.kinds import EVERY_KIND, SOME_KINDS, settings_of
from tests.waiting import eventually
from tests.worker.operations_under_test import Shared, Steps, chained
from tests.worker.processes import below, is_alive, is_gone
from tests.worker.site import Site, pid_in
from tests.worker.steps import lines_of, redone_after_saved, stale

WITHIN = 60.0


@pytest.fixture(scope="module", params=EVERY_KIND)
def running(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site with a worker, for several tests, that has two slots and one GPU."""
    with (
        tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder,
        settings_of(request.param) as settings,
    ):
        site = Site(Path(folder) / "data", settings)
        try:
            site.worker(resources="gpu=1", grace=1)
            yield site
        finally:
            site.close()


@pytest.fixture(params=SOME_KINDS)
def idle(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Site]:
    """A site for one test, which starts its own workers."""
    with settings_of(request.param) as settings:
        site = Site(data_dir, settings)
        yield site
        site.close()


def test_every_job_runs_once_however_often_it_is_offered(running: Site) -> None:
    """Threads submit at the same time, and each offer is doubled."""
    jobs = []

    def submit() -> None:
        for n in range(10):
            name = "noop_alone" if n % 5 == 0 else "noop"
            jobs.append(running.submit(name))
            running.service.engine.offer({name})

    threads = [threading.Thread(target=submit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN)
    for job in jobs:
        running.completed(job, within=WITHIN)
        assert running.reasons(job) == ["completed"]


def test_a_job_that_nobody_offered_runs_nevertheless(
    running: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost message costs latency."""
    monkeypatch.setattr(running.service.engine, "offer", lambda operations: None)
    running.completed(running.submit("noop"), within=WITHIN)


def test_a_cancelled_job_is_soon_gone(running: Site, tmp_path: Path) -> None:
    """Whether its operation listens or not; row 14 of the fault matrix shows how soon."""
    job = running.submit("ignores_sigterm", file=str(tmp_path / "here"))
    pid = pid_in(tmp_path / "here", within=WITHIN)
    assert running.cancel(job).status is Status.CANCELLED
    eventually(lambda: not is_alive(pid), within=WITHIN)
    assert running.reasons(job) == ["cancelled"]


def test_limits_of_time_and_memory_hold(running: Site, tmp_path: Path) -> None:
    """Each attempt has its own, and its end says which."""
    slow = running.submit(
        "ignores_sigterm",
        {"timeout": 0.3, "max_attempts": 1},
        file=str(tmp_path / "here"),
    )
    greedy = running.submit("memory_error")
    running.failed(slow, within=WITHIN)
    running.failed(greedy, within=WITHIN)
    assert running.job(slow).error == "timed out: it took longer than 0.3 s"
    assert is_gone(tmp_path / "here")
    assert len(running.attempts(greedy)) == 2


def test_a_resource_is_never_used_by_more_than_it_is_enough_for(
    running: Site, tmp_path: Path
) -> None:
    """There are two slots and one GPU; what needs none runs beside."""
    first, second = (running.submit("on_gpu", file=str(tmp_path / name)) for name in "ab")
    pid_in(tmp_path / "a", within=WITHIN)
    running.completed(running.submit("noop_alone"), within=WITHIN)
    assert running.job(second).status is Status.PENDING
    (tmp_path / "a.go").touch()
    running.completed(first, within=WITHIN)
    pid_in(tmp_path / "b", within=WITHIN)
    (tmp_path / "b.go").touch()
    running.completed(second, within=WITHIN)


def test_workers_take_what_is_theirs_in_the_order_of_urgency(idle: Site, tmp_path: Path) -> None:
    """One has no GPU; the other serves another queue. Priorities are exact."""
    gate = tmp_path / "gate"
    (tmp_path / "gate.go").touch()
    needy = idle.submit("on_gpu", file=str(gate))
    jobs = [
        idle.submit("chain", {"priority": priority}, **Steps(steps=1).model_dump())
        for priority in (5, 9, 0, 7, 3, 3, 8, 1)
    ]
    heavy = idle.job(needy)
    plain = idle.worker(slots=1)
    for job in jobs:
        idle.completed(job, within=WITHIN)
    ends = sorted(jobs, key=lambda job: idle.attempts(job)[0].started_at)
    assert [job.priority for job in ends] == sorted(job.priority for job in jobs)
    assert idle.job(heavy).status is Status.PENDING
    queue = idle.settings["routes"]["on_gpu"]
    idle.worker("--queues", queue, resources="gpu=1")
    plain.stop()
    idle.completed(needy, within=WITHIN)
    other = idle.submit("noop")
    assert idle.store.workers.alive()[0].operations == ["on_gpu", "squares_on_gpu"]
    idle.cancel(other)


def test_shards_are_shared_by_all_workers_of_their_queue(idle: Site, tmp_path: Path) -> None:
    """Each needs a GPU, and each of two workers has one: while one shard waits at a gate, all others
    run on the other worker, one after the other."""
    gate = tmp_path / "gate"
    request = Shared(steps=30, shards=3, log=str(tmp_path / "log"), gate=str(gate), gate_at=0)
    queue = idle.settings["routes"]["squares_on_gpu"]
    for _ in range(2):
        idle.worker("--queues", queue, resources="gpu=1")
    job = idle.submit("squares_on_gpu", **request.model_dump())
    first, *others = eventually(lambda: idle.store.jobs.shards(job.id), within=WITHIN)
    for shard in others:
        idle.completed(shard, within=WITHIN)
    waiting = idle.job(job)
    assert (waiting.status, waiting.waiting_for) == (Status.RUNNING, Waiting.SHARDS)
    gate.touch()
    ended = idle.completed(job, within=WITHIN)
    assert ended.result == {"sum": sum(number * number for number in range(30)), "shards": 3}
    ran = [idle.attempts(shard)[0].worker for shard in (first, *others)]
    assert ran[0] != ran[1] == ran[2]


def test_a_worker_told_to_stop_gives_its_job_back_at_a_checkpoint(
    idle: Site, tmp_path: Path
) -> None:
    """The next one goes on there. The exit code is 0."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    steps = Steps(steps=40, log=str(log), gate=str(gate), gate_at=20)
    first = idle.worker(grace=10)
    job = idle.submit("chain", **steps.model_dump())
    eventually(lambda: any(one.step == 19 for one in lines_of(log)), within=WITHIN)
    first.terminate()
    eventually(lambda: "stopping: 1 job running" in first.log, within=WITHIN)
    gate.touch()
    assert first.exit_code(within=WITHIN) == 0
    now = idle.job(job)
    assert (now.status, now.interruptions, now.attempt) == (Status.PENDING, 1, 0)
    idle.worker()
    assert idle.completed(job, within=WITHIN).result == {"value": chained(steps)}
    lines, fence = lines_of(log), idle.fence(job)
    assert (redone_after_saved(lines, fence), stale(lines, fence)) == ([], [])


def test_a_second_signal_ends_it_at_once(idle: Site, tmp_path: Path) -> None:
    """The grace time is not waited for."""
    worker = idle.worker(grace=300)
    job = idle.submit("in_c_code", file=str(tmp_path / "here"))
    child = pid_in(tmp_path / "here", within=WITHIN)
    worker.terminate()
    eventually(lambda: "stopping: 1 job running" in worker.log, within=WITHIN)
    worker.terminate()
    assert worker.exit_code(within=WITHIN) == 0
    assert not is_alive(child)
    assert idle.job(job).interruptions == 1
    idle.cancel(job)


def test_what_is_killed_leaves_nobody_behind_and_its_jobs_go_on(idle: Site, tmp_path: Path) -> None:
    """The whole process, and what was below it."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    steps = Steps(steps=40, log=str(log), gate=str(gate), gate_at=20)
    worker = idle.worker()
    job = idle.submit("chain", **steps.model_dump())
    eventually(lambda: any(one.step == 19 for one in lines_of(log)), within=WITHIN)
    everybody = below(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    worker.process.wait()
    eventually(lambda: not any(map(is_alive, everybody)), within=WITHIN)
    gate.touch()
    idle.worker()
    ended = idle.completed(job, within=WITHIN)
    assert ended.result == {"value": chained(steps)}
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    lines, fence = lines_of(log), idle.fence(job)
    assert (redone_after_saved(lines, fence), stale(lines, fence)) == ([], [])
