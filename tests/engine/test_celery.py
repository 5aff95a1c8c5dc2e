"""Celery in particular: a broker that is away, hangs, lies or loses everything costs latency only."""

import base64
import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kombu.connection import Connection

from headway.engine import celery_engine
from headway.engine.celery_app import TASK
from headway.engine.celery_engine import AT_ONCE, PAUSE_SECONDS, CeleryEngine
from headway.engine.celery_worker import check_queues
from headway.errors import SettingsError
from headway.settings import Settings
from tests.brokers import RABBITMQ, OwnRedis, own_queue, own_redis
from tests.ports import free_port
from tests.postgres import fresh_database
from tests.waiting import eventually
from tests.worker.processes import below, children_of, is_alive
from tests.worker.site import ROOT, Site, WorkerProcess, as_variables, pid_in

WITHIN = 60.0
needs_redis = pytest.mark.service("redis")
pytestmark = [needs_redis, pytest.mark.service("postgres")]


@pytest.fixture
def redis(free_port: int) -> Iterator[OwnRedis]:
    """A broker of this test's own."""
    with own_redis(free_port) as server:
        yield server


@pytest.fixture
def site(data_dir: Path, redis: OwnRedis) -> Iterator[Site]:
    """A site on PostgreSQL, with that broker."""
    with fresh_database() as url:
        site = Site(data_dir, {"database_url": url, "engine": "celery", "broker_url": redis.url})
        yield site
        site.close()


def engine_at(url: str) -> CeleryEngine:
    return CeleryEngine(Settings(engine="celery", broker_url=url))  # type: ignore[arg-type]  # a secret is made of it


def test_a_broker_that_is_down_is_told_of_once_and_used_again_when_it_is_back(
    free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Offers never fail and never wait."""
    caplog.set_level(logging.INFO, "headway.engine")
    engine = engine_at(f"redis://127.0.0.1:{free_port}/0")
    offer_a_thousand(engine)
    eventually(lambda: "could not be reached" in caplog.text, within=WITHIN)
    with own_redis(free_port) as server:

        def arrived() -> bool:
            engine.offer(["noop"])
            return server.call("LLEN", "headway") != "0"

        eventually(arrived, within=WITHIN)
        eventually(lambda: "can be reached again" in caplog.text, within=WITHIN)
        assert caplog.text.count("could not be reached") == 1
        engine.stop()


def offer_a_thousand(engine: CeleryEngine) -> None:
    """If each waited for the broker, or for a pause between two tries, they would take far longer."""
    began = time.monotonic()
    for _ in range(1000):
        engine.offer(["noop"])
    assert time.monotonic() - began < 1000 * PAUSE_SECONDS / 2


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_holds_up_nobody(
    free_port: int, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes connections, and that is all."""
    with socket.create_server(("127.0.0.1", free_port)):
        engine = engine_at(f"{scheme}://127.0.0.1:{free_port}/0")
        offer_a_thousand(engine)
        eventually(lambda: "could not be reached" in caplog.text, within=WITHIN)
        engine.stop()
        engine.stop()


def test_a_queue_that_nobody_listens_to_does_not_grow(redis: OwnRedis) -> None:
    """Workers may be away for a day: however often it is offered, a few messages wait for them."""
    grows_no_further(redis.url, "headway")


@pytest.mark.service("rabbitmq")
def test_nor_does_one_of_rabbitmq() -> None:
    with own_queue() as queue:
        grows_no_further(RABBITMQ, queue)


def grows_no_further(url: str, queue: str) -> None:
    """Two queues of which one is emptied, which shows that there was another round for both."""
    settings = Settings(
        engine="celery",
        broker_url=url,  # type: ignore[arg-type]  # a secret is made of it
        queue=queue,
        routes={"on_gpu": f"{queue}-heavy"},
    )
    engine = CeleryEngine(settings)
    with closing(Connection(url)) as connection:  # type: ignore[no-untyped-call]
        channel: Any = connection.channel()  # type: ignore[no-untyped-call]

        def waiting(name: str) -> int:
            told = channel.queue_declare(queue=name, durable=True, auto_delete=False)
            return int(told.message_count)

        def another_round() -> bool:
            engine.offer(["noop", "on_gpu"])
            return bool(channel.queue_purge(queue=f"{queue}-heavy"))

        waiting(f"{queue}-heavy")
        for _ in range(2 * AT_ONCE):
            eventually(another_round, within=WITHIN)
        engine.stop()
        assert waiting(queue) == AT_ONCE


def test_the_publisher_survives_whatever_happens_to_it(
    redis: OwnRedis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that no broker is known for is told, and the next offer is published."""
    monkeypatch.setattr(celery_engine, "RETRY_SECONDS", 0.01)
    engine = engine_at(redis.url)
    with monkeypatch.context() as broken:
        broken.setattr(celery_engine, "waiting_in", {}.__getitem__)
        engine.offer(["noop"])
        eventually(lambda: "for a defect of ours" in caplog.text, within=WITHIN)

    def arrived() -> bool:
        engine.offer(["noop"])
        return redis.call("LLEN", "headway") != "0"

    eventually(arrived, within=WITHIN)
    engine.stop()


@pytest.mark.service("rabbitmq")
def test_a_queue_of_another_type_is_told_with_what_to_do() -> None:
    with own_queue() as queue:
        url: Any = RABBITMQ
        settings = Settings(engine="celery", broker_url=url, queue=queue)
        check_queues(settings)  # which makes it a classic one
        check_queues(settings)
        with pytest.raises(SettingsError, match=f"rabbitmqctl delete_queue {queue}"):
            check_queues(settings.model_copy(update={"queue_type": "quorum"}))


def test_a_broker_that_is_away_may_come_back(free_port: int) -> None:
    """So a worker begins without it."""
    url: Any = f"amqp://127.0.0.1:{free_port}//"
    check_queues(Settings(engine="celery", broker_url=url))


class Trap:
    """What would happen if a pickle were read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def test_forged_messages_do_nothing(site: Site, redis: OwnRedis, tmp_path: Path) -> None:
    """Pickles, other tasks, no task at all, ten megabytes, and somebody else's job."""
    worker = site.worker()
    marker = tmp_path / "marker"
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here", within=WITHIN)
    headers = {"task": TASK, "id": "1", "lang": "py"}
    body = pickle.dumps((Trap(marker), {}, {}))
    with closing(Connection(redis.url)) as connection:  # type: ignore[no-untyped-call]
        queue = connection.SimpleQueue("headway")  # type: ignore[no-untyped-call]
        for content, encoding in (
            ("application/x-python-serialize", "binary"),
            ("application/x-python-serialize", "utf-8"),
            ("application/x-yaml", "binary"),
        ):
            queue.put(
                body, headers=headers, content_type=content, content_encoding=encoding,
                serializer=None,
            )  # fmt: skip
        for task in ("os.system", "celery.backend_cleanup", TASK):
            queue.put([[job.id], {}, {}], headers=headers | {"task": task})
        queue.put("neither task nor JSON of one")
        queue.put([["x" * 10_000_000], {}, {}], headers=headers)
        queue.close()
    eventually(lambda: redis.call("LLEN", "headway") == "0", within=WITHIN)
    site.completed(site.submit("noop_alone"), within=WITHIN)
    assert worker.process.poll() is None
    assert not marker.exists()
    assert worker.log.count("Refusing to deserialize") >= 2 or "ContentDisallowed" in worker.log
    assert "os.system" in worker.log
    assert len(site.store.workers.alive()) == 1
    (tmp_path / "here.go").touch()
    site.completed(job, within=WITHIN)
    assert site.reasons(job) == ["completed"]


def test_a_core_that_is_killed_is_replaced_and_its_job_goes_on_at_once(
    site: Site, tmp_path: Path
) -> None:
    """Nobody waits for its lease to end: that its place was free is the proof that it is gone."""
    worker = site.worker()
    job = site.submit("until_file", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here", within=WITHIN)
    (core,) = children_of(worker.pid)
    everybody = below(core)
    os.kill(core, signal.SIGKILL)
    (tmp_path / "here.go").touch()
    eventually(lambda: not any(map(is_alive, everybody)), within=WITHIN)
    ended = site.completed(job, within=WITHIN)
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 0, 1)
    assert worker.process.poll() is None


def test_a_broker_that_hangs_delays_neither_jobs_nor_the_end(
    site: Site, redis: OwnRedis, tmp_path: Path
) -> None:
    """Celery alone would wait for it without end."""
    worker = site.worker(grace=1)
    redis.process.send_signal(signal.SIGSTOP)
    site.completed(site.submit("noop_alone"), within=WITHIN)
    running = site.submit("until_cancelled", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here", within=WITHIN)
    everybody = below(worker.pid)
    worker.terminate()
    assert worker.exit_code(within=WITHIN) == 0
    assert not any(map(is_alive, everybody))
    assert site.job(running).interruptions == 1


@pytest.mark.parametrize(
    "pool", ["prefork", "threads", "solo"] if os.environ.get("ENGINE_KINDS") else ["prefork"]
)
def test_celerys_own_command_starts_a_worker_in_any_pool(
    site: Site, redis: OwnRedis, tmp_path: Path, pool: str
) -> None:
    """Killed, it leaves nobody behind: its core ends by itself, and gives the job back."""
    worker = celery(site, "worker", "--pool", pool, "--concurrency", "2", "--loglevel", "INFO")
    eventually(lambda: "is ready" in worker.log and " ready." in worker.log, within=WITHIN)
    site.completed(site.submit("noop_alone"), within=WITHIN)
    eventually(lambda: f"Task {TASK}" in worker.log, within=WITHIN)
    job = site.submit("until_cancelled", file=str(tmp_path / "here"))
    pid_in(tmp_path / "here", within=WITHIN)
    everybody = [worker.pid, *below(worker.pid)]
    worker.kill()
    eventually(lambda: not any(map(is_alive, everybody)), within=WITHIN)
    assert eventually(lambda: site.job(job).interruptions, within=WITHIN) == 1


def test_flower_shows_workers_and_tasks(site: Site, redis: OwnRedis) -> None:
    """It reads the same settings, and needs no others."""
    worker, port = site.worker(), free_port()
    celery(
        site, "flower", "--address=127.0.0.1", f"--port={port}", "--basic-auth=ada:secret",
        "--persistent=False",
    )  # fmt: skip

    def answer() -> Any:
        site.completed(site.submit("noop"), within=WITHIN)
        url = f"http://127.0.0.1:{port}/api/tasks"
        told = base64.b64encode(b"ada:secret").decode()
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {told}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except OSError:
            return None

    tasks = eventually(answer, within=WITHIN).values()
    assert {one["name"] for one in tasks} == {TASK}
    eventually(
        lambda: any(one["state"] == "SUCCESS" for one in (answer() or {}).values()), within=WITHIN
    )
    assert worker.process.poll() is None


def celery(site: Site, *arguments: str) -> WorkerProcess:
    """One of Celery's own commands, with the site's settings."""
    log_file = site.directory / f"celery-{len(site.workers)}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "headway.engine.celery", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=ROOT,
            env={
                **os.environ,
                **as_variables(site.settings),
                "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
                "HEADWAY_DATA_DIR": str(site.directory),
                "HEADWAY_OPERATIONS": "tests.worker.operations_under_test",
                "HEADWAY_SLOTS": "2",
                "HEADWAY_GRACE": "1",
            },
        )
    site.workers.append(WorkerProcess(process, log_file))
    return site.workers[-1]
