"""PostgreSQL crashes under Celery: row 26.

Rows 29 and 30, servers that turn read-only or forget who listens, are shown by
`tests/contract/test_postgres.py`.
"""

import random
import threading
import time

from headway.errors import StoreUnavailable
from headway.store.values.history import JobQuery
from tests.crash.far import on_redis, redis_missing
from tests.crash.matrix import Chain, Ground, Row, Tally, clock
from tests.ports import free_port
from tests.postgres import OwnServer, own_server
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps
from tests.worker.site import Site, WorkerProcess


def database_restarted(ground: Ground, count: int, tally: Tally) -> None:
    """Row 26: PostgreSQL crashes again and again while jobs come in and run, and workers die."""
    database: OwnServer = ground.enter(own_server(free_port()))
    site, _ = on_redis(ground, database.url)
    workers = [site.worker(grace=1) for _ in range(2)]
    chance = random.Random(26)
    done = threading.Event()
    chains: list[Chain] = []
    client = threading.Thread(
        target=_keep_submitting,
        args=(ground, site, chains, done),
        daemon=True,  # it would wait without end for a database that was given up with the row
    )
    client.start()
    try:
        for cycle in range(count):
            time.sleep(chance.uniform(1, 5))  # the point: any moment
            database.stop()
            if cycle % 3 == 2:
                victim = chance.randrange(len(workers))
                workers[victim].process.kill()
                workers[victim] = site.start(grace=1)
            time.sleep(chance.uniform(0, 2))
            with clock() as passed:
                database.start()
                before = len(chains)
                eventually(lambda before=before: len(chains) > before, within=120)  # type: ignore[misc]
                tally.took("accepted again", passed(), bound=5)
            _ensure(site, workers)
            tally.repetitions += 1
    finally:
        done.set()
        client.join(60)
    for chain in chains:
        chain.check(tally)
    _none_twice(site, len(chains), tally)


def _keep_submitting(
    ground: Ground, site: Site, chains: list[Chain], done: threading.Event
) -> None:
    """A client that repeats a refused request, with the same key, until it is granted."""
    number = 0
    while not done.is_set():
        number += 1
        log = ground.folder / f"submitted-{number}.log"
        steps = Steps(steps=8, every=2, pause=0.002, seed=number, log=str(log))
        options = {"metadata": {"key": f"job-{number}"}, "idempotency_key": f"job-{number}"}
        granted = False
        while not granted:
            try:
                job = site.submit("chain", options, **steps.model_dump())
                chains.append(Chain(site, job, steps, log))
                granted = True
            except StoreUnavailable:
                pass
            time.sleep(0.05)


def _ensure(site: Site, workers: list[WorkerProcess]) -> None:
    """Start workers again that ended because the database was away when they started."""
    for number, one in enumerate(workers):
        if one.process.poll() is not None:
            workers[number] = site.start(grace=1)


def _none_twice(site: Site, count: int, tally: Tally) -> None:
    found = site.store.jobs.find(JobQuery(limit=count * 2 + 10))
    if len(found) != count:
        tally.broken(f"{count} jobs were accepted, {len(found)} are there")


ROWS = (
    Row(26, "PostgreSQL crashes, workers die (crashes)", database_restarted, short=0, full=60, barred=redis_missing),
)  # fmt: skip
