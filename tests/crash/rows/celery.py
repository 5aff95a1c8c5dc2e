"""Faults of workers under Celery, and of what is sent to them: rows 31, 32, 38 to 40."""

import itertools
import os
import pickle
import random
import signal
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from kombu.connection import Connection

from headway.engine.celery_app import TASK
from tests.crash.far import (
    RECOVERY,
    all_completed,
    on_rabbitmq,
    on_redis,
    rabbitmq_missing,
    redis_missing,
)
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.processes import below, children_of
from tests.worker.site import WorkerProcess

FAKETIME: Final = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def faketime_missing() -> str | None:
    """Why row 31 cannot run here."""
    return redis_missing() or (None if FAKETIME else "install the package `libfaketime`")


def clock_wrong(ground: Ground, count: int, tally: Tally) -> None:
    """Row 31: a worker's clock is an hour off, either way; the database's counts."""
    for number in range(count):
        site, _ = on_redis(ground)
        offset = "+1h" if number % 2 else "-1h"
        wrong = site.worker(outside={"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset})
        right = site.worker()
        chains = [ground.chain(site, steps=60, pause=0.05) for _ in range(4)]
        later = site.submit("noop", {"run_at": time.time() + 3})
        for chain in chains:
            if chain.check(tally).interruptions:
                tally.broken(f"a job was taken from a living worker whose clock is {offset}")
        ended = site.completed(later, within=60)
        if ended.started_at is not None and ended.started_at < time.time() - 3600:
            tally.broken("a time of the worker's was kept")
        if site.attempts(later)[0].started_at < (later.run_at or 0.0):
            tally.broken("a job began before its time")
        if len(site.store.workers.alive()) != 2 or "lapsed" in wrong.log + right.log:
            tally.broken("a worker was taken for dead")
        tally.repetitions += 1
        for one in (wrong, right):
            one.stop()


def worker_killed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 32: Celery's process is killed, or all of its processes at once; no visibility timeout is
    waited for."""
    site, redis = on_redis(ground)
    heir = site.worker(slots=4)
    for number in range(count):
        site.submit("noop")
        victim = site.worker(slots=4)
        chain = ground.chain(site, steps=300, pause=0.01)
        line = chain.until_step(5)
        taken_by = victim if line.pid in victim.below() else heir
        doomed = [taken_by.pid, *(below(taken_by.pid) if number % 2 else ())]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with clock() as passed:
            chain.until_token(2, within=120)
            tally.took("taken over", passed(), bound=2 * RECOVERY)
        chain.check(tally)
        heir = victim if taken_by is heir else heir
        tally.repetitions += 1
    if redis.call("HLEN", "unacked") != "0":
        tally.broken("messages were left for the visibility timeout")


def delayed_over_restarts(ground: Ground, count: int, tally: Tally) -> None:
    """Row 38: so many delayed jobs and retries; broker and workers are restarted meanwhile."""
    site, redis = on_redis(ground)
    first = site.worker(grace=1)
    due = time.time() + 20
    jobs = [
        site.submit("noop", {"run_at": due + (number % 10) / 5, "max_attempts": 3})
        for number in range(count)
    ]
    redis.stop()
    first.stop()
    redis.start_again()
    site.worker(grace=1)
    all_completed(site, jobs, tally)
    for job in jobs:
        (attempt,) = site.attempts(job)
        assert job.run_at is not None
        if attempt.started_at < job.run_at:
            tally.broken("a job began before its time")
        tally.took("late", attempt.started_at - job.run_at, bound=5)
    tally.repetitions += count


def in_order(ground: Ground, count: int, tally: Tally) -> None:
    """Row 39: ten levels of so many jobs, one slot: no inversion, on either broker."""
    for site, _ in (on_redis(ground), on_rabbitmq(ground)):
        levels = [level for level in range(10) for _ in range(count)]
        random.Random(39).shuffle(levels)
        jobs = [site.submit("noop_alone", {"priority": level}) for level in levels]
        site.worker(slots=1)
        all_completed(site, jobs, tally)
        began = sorted((site.attempts(job)[0].started_at, job.priority) for job in jobs)
        inversions = sum(
            earlier[1] > later[1] and earlier[0] < later[0]
            for earlier, later in itertools.pairwise(began)
        )
        if inversions:
            tally.broken(f"{inversions} jobs ran before more urgent ones")
        tally.repetitions += len(jobs)


class _Trap:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def _refused(worker: WorkerProcess) -> int:
    """Pickles that were refused, each with a line in the log."""
    return worker.log.count("Refusing to deserialize")


def forged(ground: Ground, count: int, tally: Tally) -> None:
    """Row 40: pickles, unknown tasks, unknown ids, and ten megabytes at once."""
    for site, broker in (on_redis(ground), on_rabbitmq(ground)):
        worker = site.worker()
        site.completed(site.submit("noop"), within=60)
        marker = ground.folder / "marker"
        body = pickle.dumps((_Trap(marker), {}, {}))
        headers = {"id": "1", "lang": "py"}
        with closing(Connection(broker.url)) as connection:  # type: ignore[no-untyped-call]
            queue: Any = connection.SimpleQueue("headway")  # type: ignore[no-untyped-call]
            for number in range(count):
                queue.put(
                    body, headers=headers | {"task": TASK}, serializer=None,
                    content_type="application/x-python-serialize", content_encoding="binary",
                )  # fmt: skip
                queue.put([["x"], {}, {}], headers=headers | {"task": "os.system"})
                queue.put([["no-such-job"], {"owner": "bob"}, {}], headers=headers | {"task": TASK})
                if number % 20 == 0:
                    queue.put([["x" * 10_000_000], {}, {}], headers=headers | {"task": TASK})
            queue.close()
        job = site.submit("noop_alone")
        all_completed(site, [job], tally)
        eventually(lambda worker=worker: _refused(worker) >= count, within=120)  # type: ignore[misc]
        eventually(lambda worker=worker: "os.system" in worker.log, within=120)  # type: ignore[misc]
        if marker.exists():
            tally.broken("a pickle was read")
        if worker.process.poll() is not None or not children_of(worker.pid):
            tally.broken("a worker has ended")
        tally.repetitions += count


ROWS = (
    Row(31, "a worker's clock an hour off", clock_wrong, short=0, full=10, barred=faketime_missing),
    Row(32, "Celery's worker killed", worker_killed, short=0, full=50, barred=redis_missing),
    Row(38, "delayed jobs, all restarted", delayed_over_restarts, short=0, full=500, barred=redis_missing),
    Row(39, "ten priorities, one slot (jobs for each)", in_order, short=0, full=100, barred=rabbitmq_missing),
    Row(40, "forged messages", forged, short=0, full=200, barred=rabbitmq_missing),
)  # fmt: skip
