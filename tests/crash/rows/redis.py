"""Faults of Redis under Celery: rows 33 to 36."""

import signal
from contextlib import closing
from typing import Any

from kombu.connection import Connection

from headway.engine.celery_app import TASK
from tests.brokers import OwnRedis
from tests.crash.far import all_completed, on_redis, redis_missing, submit_many
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.site import pid_in


def redis_emptied(ground: Ground, count: int, tally: Tally) -> None:
    """Row 33: Redis loses everything while so many jobs are queued, by FLUSHALL or by its death."""
    for number, worker_is_there in enumerate((False, True)):
        site, redis = on_redis(ground)
        if worker_is_there:
            site.worker()
        jobs = submit_many(site, "noop", count)
        if number == 0:
            redis.call("FLUSHALL")
        else:
            redis.stop()
            redis.start_again()
        with clock() as passed:
            if not worker_is_there:
                site.worker()
            all_completed(site, jobs, tally)
            tally.took("all run", passed(), bound=60)
        tally.repetitions += count


def redis_cut(ground: Ground, count: int, tally: Tally) -> None:
    """Row 34: connections to Redis are cut, or Redis stands still for a while; workers hear again."""
    site, redis = on_redis(ground)
    worker = site.worker()
    for number in range(count):
        if number % 2:
            redis.call("CLIENT", "KILL", "TYPE", "normal")
        else:
            redis.process.send_signal(signal.SIGSTOP)
            with clock() as passed:
                site.completed(site.submit("noop"), within=60)
                tally.took("job with Redis stopped", passed(), bound=5)
            redis.process.send_signal(signal.SIGCONT)
        with clock() as passed:
            _until_heard(redis)
            tally.took("hears again", passed(), bound=30)
        tally.repetitions += 1
    if worker.process.poll() is not None:
        tally.broken("the worker has ended")


def _until_heard(redis: OwnRedis) -> None:
    """Return when a message of ours was taken from the broker."""
    message = {"task": TASK, "id": "1", "lang": "py"}
    with closing(Connection(redis.url)) as connection:  # type: ignore[no-untyped-call]
        queue: Any = connection.SimpleQueue("headway")  # type: ignore[no-untyped-call]
        queue.put([[], {}, {}], headers=message)
        queue.close()
    eventually(lambda: redis.call("LLEN", "headway") == "0", within=120)


def delivered_five_times(ground: Ground, count: int, tally: Tally) -> None:
    """Row 35: each message is there five times."""
    site, _ = on_redis(ground)
    workers = [site.worker() for _ in range(2)]
    jobs = []
    for _ in range(count):
        jobs.append(site.submit("noop_alone"))
        for _ in range(5):
            site.service.engine.offer(["noop_alone"])
    all_completed(site, jobs, tally)
    tally.repetitions += count
    if any(one.process.poll() is not None for one in workers):
        tally.broken("a worker has ended")


def never_unacknowledged(ground: Ground, count: int, tally: Tally) -> None:
    """Row 36: while a job runs, Redis holds nothing that a visibility timeout could deliver again."""
    site, redis = on_redis(ground)
    site.worker()
    for number in range(count):
        job = site.submit("until_file", file=str(ground.folder / f"held-{number}"))
        pid_in(ground.folder / f"held-{number}", within=60)
        eventually(lambda: redis.call("HLEN", "unacked") == "0", within=30)
        (ground.folder / f"held-{number}.go").touch()
        all_completed(site, [job], tally)
        tally.repetitions += 1


ROWS = (
    Row(33, "Redis loses everything (jobs queued)", redis_emptied, short=0, full=1000, barred=redis_missing),
    Row(34, "links to Redis cut, Redis stopped", redis_cut, short=0, full=50, barred=redis_missing),
    Row(35, "each message five times", delivered_five_times, short=0, full=200, barred=redis_missing),
    Row(36, "jobs longer than any visibility timeout", never_unacknowledged, short=0, full=50, barred=redis_missing),
)  # fmt: skip
