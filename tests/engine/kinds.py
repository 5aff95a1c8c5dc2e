"""Every engine on the store it is made for: what a site is opened with, and what it needs meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.brokers import RABBITMQ, own_queue, own_redis
from tests.ports import free_port
from tests.postgres import fresh_database

LOCAL = "local on sqlite"

EVERY_KIND = (
    LOCAL,
    pytest.param("local on postgres", marks=pytest.mark.service("postgres")),
    *(
        pytest.param(
            f"celery on {broker}",
            marks=[pytest.mark.service("postgres"), pytest.mark.service(broker.split()[0])],
        )
        for broker in ("redis", "rabbitmq", "rabbitmq quorum")
    ),
)
"""As parameters of a test: one that needs a server is skipped where there is none."""

SOME_KINDS = EVERY_KIND if os.environ.get("ENGINE_KINDS") == "all" else EVERY_KIND[2:3]
"""For tests that start workers of their own, which takes seconds. What they show of the local engine
is shown by `tests/worker` too; `ENGINE_KINDS=all pytest tests/engine` runs them on every kind."""


@contextmanager
def settings_of(kind: str) -> Iterator[dict[str, Any]]:
    """The settings of a new site with an engine of this kind; its servers are there until the end."""
    if kind == LOCAL:
        yield {"routes": _routes("headway")}
        return
    with fresh_database() as url:
        if kind == "local on postgres":
            yield {"database_url": url, "routes": _routes("headway")}
        elif kind == "celery on redis":
            with own_redis(free_port()) as server:
                yield _celery(url, server.url, "headway")
        else:
            with own_queue() as queue:
                quorum = {"queue_type": "quorum"} if kind.endswith("quorum") else {}
                yield _celery(url, RABBITMQ, queue) | quorum


def _celery(database: str, broker: str, queue: str) -> dict[str, Any]:
    return {
        "database_url": database,
        "engine": "celery",
        "broker_url": broker,
        "queue": queue,
        "routes": _routes(queue),
    }


def _routes(queue: str) -> dict[str, str]:
    return dict.fromkeys(("on_gpu", "squares_on_gpu"), f"{queue}-heavy")
