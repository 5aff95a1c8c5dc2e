"""Sites with servers of their own, for rows that break these."""

import shutil
from typing import Any, Final

from headway.job import Job, Status
from headway.job_request import JobRequest
from headway.store.values.submission import Added
from tests.brokers import OwnRabbit, OwnRedis, own_rabbit, own_redis, rabbitmq_is_there
from tests.crash.matrix import Ground, Tally
from tests.ports import free_port
from tests.postgres import fresh_database
from tests.postgres import is_there as postgres_is_there
from tests.waiting import eventually
from tests.worker.site import Site

RECOVERY: Final = 15.0
"""Seconds within which a lost worker's job runs again."""


def postgres_missing() -> str | None:
    """Why rows on PostgreSQL cannot run here."""
    return None if postgres_is_there() else "start PostgreSQL"


def redis_missing() -> str | None:
    """Why rows on Redis cannot run here."""
    missing = None if shutil.which("redis-server") else "install the package `redis-server`"
    return postgres_missing() or missing


def rabbitmq_missing() -> str | None:
    """Why rows on RabbitMQ cannot run here."""
    return postgres_missing() or (None if rabbitmq_is_there() else "install and start RabbitMQ")


def on_redis(ground: Ground, database: str | None = None) -> tuple[Site, OwnRedis]:
    """A site with a Redis of its own."""
    server: OwnRedis = ground.enter(own_redis(free_port()))
    return _site(ground, server.url, database), server


def on_rabbitmq(ground: Ground, **settings: object) -> tuple[Site, OwnRabbit]:
    """A site with a RabbitMQ of its own."""
    node: OwnRabbit = ground.enter(own_rabbit(free_port(), **settings))
    return _site(ground, node.url, None), node


def _site(ground: Ground, broker: str, database: str | None) -> Site:
    url = database or ground.enter(fresh_database())
    return ground.site(database_url=url, engine="celery", broker_url=broker)


def submit_many(site: Site, operation: str, count: int, **options: Any) -> list[Job]:
    """So many jobs, fifty in a transaction, as the API's intake gathers them."""
    request = JobRequest(operation=operation, owner="ada", input={}, **options)
    queue, made = site.service.queue, []
    for begin in range(0, count, 50):
        added = queue.accept([queue.prepare(request) for _ in range(min(50, count - begin))])
        made += [one.job for one in added if isinstance(one, Added)]
    return made


def all_completed(site: Site, jobs: list[Job], tally: Tally) -> None:
    """Wait for them all; each is to have run once."""
    ids = [job.id for job in jobs]

    def ended() -> bool:
        return all(job.status.finished for job in site.store.jobs.get_many(ids))

    eventually(ended, within=300)
    found = site.store.jobs.get_many(ids)
    if len(found) != len(jobs):
        tally.broken(f"{len(jobs)} jobs were accepted, {len(found)} are there")
    for job in found:
        if job.status is not Status.COMPLETED:
            tally.broken(f"{job.id} is {job.status}")
        if again := job.attempt + job.crashes + job.interruptions:
            tally.broken(f"{job.id} ran {again} times more")
