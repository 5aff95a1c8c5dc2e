"""A job that was split, and everything that works on it: row 51."""

import os
import random
import signal
from contextlib import suppress

import orjson

from tests.crash.matrix import Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.operations_under_test import Shared
from tests.worker.site import Site
from tests.worker.steps import lines_of

STEPS = 40
SHARDS = 4
RESULT = {"sum": sum(number * number for number in range(STEPS)), "shards": SHARDS}
SQUARES = [number * number for number in range(STEPS)]


def killed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 51: two workers, their zygotes and children are killed at once while shards run."""
    site = ground.site()
    for number in range(count):
        chance = random.Random(number)
        workers = [ground.worker(site).until_ready() for _ in range(2)]
        log = ground.folder / f"squares-{number}.log"
        request = Shared(steps=STEPS, every=2, pause=0.01, shards=SHARDS, log=str(log))
        job = site.submit("squares", **request.model_dump())
        moment = chance.randrange(
            STEPS * 2
        )  # a line a step and one for each checkpoint: the end too
        eventually(
            lambda log=log, moment=moment, job=job: (  # type: ignore[misc]
                len(lines_of(log)) >= moment or site.job(job).status.finished
            ),
            within=60,
        )
        for pid in [pid for one in workers for pid in (*one.below(), one.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for one in workers:
            one.process.wait()
        again = ground.worker(site)
        with clock() as passed:
            ended = site.finished(job, within=120)
            tally.took("the end after the kill", passed(), bound=ground.recovery + 5)
        if (ended.status, ended.result) != ("completed", RESULT):
            tally.broken(f"{number}: {ended.status} with {ended.result}, {ended.error}")
        tally.violations += _wrong_with(site, job.id)
        again.stop()
        tally.repetitions += 1


def _wrong_with(site: Site, job_id: str) -> list[str]:
    """What does not add up of a job that has ended."""
    store, files = site.store, site.service.files
    squares = [
        orjson.loads(line)["square"]
        for part in store.jobs.parts(job_id)
        for line in files.local(part.path).read_bytes().splitlines()
    ]
    numbers = [event.number for event in store.events.of_job(job_id, limit=100_000)]
    checks = {
        "items are not those of an undisturbed run": squares == SQUARES,
        "events have a gap or a double": numbers == list(range(1, len(numbers) + 1)),
        "a shard was made twice": len(store.jobs.shards(job_id)) == SHARDS,
    }
    return [f"{job_id}: {what}" for what, holds in checks.items() if not holds]


ROWS = (Row(51, "everything killed while shards run", killed, short=0, full=50, everywhere=True),)
