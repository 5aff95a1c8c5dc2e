"""Faults of RabbitMQ under Celery: rows 34 and 37."""

import signal
import time
from contextlib import closing, suppress
from typing import Any

from kombu.connection import Connection

from tests.brokers import OwnRabbit
from tests.crash.far import all_completed, on_rabbitmq, rabbitmq_missing
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.site import pid_in


def long_jobs(ground: Ground, count: int, tally: Tally) -> None:
    """Row 37: a `consumer_timeout` of 10 s, looked at once a minute, and jobs that take 75."""
    site, _ = on_rabbitmq(ground, consumer_timeout=10_000)
    worker = site.worker()
    files = [ground.folder / f"long-{n}" for n in range(count)]
    jobs = [site.submit("until_file_async", file=str(file)) for file in files]
    for file in files:
        pid_in(file, within=60)
    time.sleep(10 if ground.quick else 75)  # the fault itself
    for file in files:
        file.with_name(f"{file.name}.go").touch()
    all_completed(site, jobs, tally)
    if worker.process.poll() is not None or "PreconditionFailed" in worker.log:
        tally.broken("the broker closed the channel")
    tally.repetitions += count


def rabbitmq_restarted(ground: Ground, count: int, tally: Tally) -> None:
    """Row 34: RabbitMQ is restarted, or killed, while jobs come in and run."""
    site, node = on_rabbitmq(ground)
    worker = site.worker()
    for number in range(count):
        chains = [ground.chain(site, steps=50, pause=0.01) for _ in range(5)]
        node.stop(signal.SIGKILL if number % 2 else signal.SIGTERM)
        chains += [ground.chain(site, steps=20, pause=0.01) for _ in range(5)]
        for chain in chains:  # with the broker down
            chain.check(tally)
        node.start_again()
        with clock() as passed:
            eventually(lambda: _consumers(node), within=120)
            tally.took("hears again", passed(), bound=30)
        ground.chain(site).check(tally)
        tally.repetitions += 1
    if worker.process.poll() is not None:
        tally.broken("the worker has ended")


def _consumers(node: OwnRabbit) -> int:
    connection: Any = Connection(node.url, connect_timeout=3)  # type: ignore[no-untyped-call]
    with closing(connection):
        channel = connection.channel()
        with suppress(*connection.channel_errors):
            return int(channel.queue_declare("headway", passive=True).consumer_count)
    return 0


ROWS = (
    Row(34, "RabbitMQ restarted and killed", rabbitmq_restarted, short=0, full=10, barred=rabbitmq_missing),
    Row(37, "jobs longer than RabbitMQ's consumer_timeout", long_jobs, short=0, full=20, barred=rabbitmq_missing),
)  # fmt: skip
