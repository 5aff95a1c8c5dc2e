"""A job says what it waits for: a worker of its queue, what it takes, a slot of its own kind."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import BaseModel

from headway.context import AsyncContext, Context
from headway.estimate import NO_ESTIMATE
from headway.job import Job
from headway.limits import UNLIMITED
from headway.operation import operation
from headway.registry import Registry
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.store.values.workers import WorkerInfo
from headway.why import Surroundings, why
from tests.contract.acts import LONG, add, claims


class Nothing(BaseModel):
    """No input."""


@operation("resize")
def resize(request: Nothing, ctx: Context) -> None:
    """Takes a slot."""


@operation("mend")
def mend(request: Nothing, ctx: Context) -> None:
    """Takes a slot, of the queue `heavy`."""


@operation("draw", resources={"gpu": 1})
def draw(request: Nothing, ctx: Context) -> None:
    """Takes a slot and a GPU."""


@operation("ask")
async def ask(request: Nothing, ctx: AsyncContext) -> None:
    """Takes an async slot."""


SETTINGS = Settings(routes={"mend": "heavy"})


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    with closing(open_sqlite(data_dir)) as store:
        yield store


def joined(store: Store, *operations: str, slots: int = 2, async_slots: int = 400) -> str:
    """A worker that runs these operations."""
    info = WorkerInfo(
        id="worker-1",
        host="here",
        pid=os.getpid(),
        slots=slots,
        async_slots=async_slots,
        operations=operations,
    )
    store.workers.join(info, LONG)
    return info.id


def reasons(store: Store, job: Job) -> str:
    around = Surroundings(
        workers=store.overview.workers(),
        paused=(),
        depth=store.overview.depth(),
        limits=UNLIMITED,
        registry=Registry([resize, mend, draw, ask]),
        queue_of=SETTINGS.queue_of,
        now=0.0,
    )
    return "\n".join(why(job, NO_ESTIMATE, around))


def test_a_job_whose_queue_nobody_serves_names_the_queue(store: Store) -> None:
    joined(store, "mend")
    told = reasons(store, add(store, "resize"))
    assert "none of 1 living worker runs resize, nor anything else of its queue, headway" in told
    assert "headway work --queues headway" in told
    assert "HEADWAY_OPERATIONS" not in told


def test_a_job_whose_resources_nobody_has_names_them(store: Store) -> None:
    joined(store, "resize", "ask")
    assert "none of 1 living worker runs draw, which takes gpu=1: HEADWAY_RESOURCES" in reasons(
        store, add(store, "draw")
    )


def test_a_job_whose_operation_nobody_has_says_so(store: Store) -> None:
    joined(store, "resize")
    for name in ("ask", "unheard_of"):
        told = reasons(store, add(store, name))
        assert f"none of 1 living worker runs {name}: set HEADWAY_OPERATIONS for them" in told


def test_two_async_jobs_of_four_hundred_keep_nobody_waiting(store: Store) -> None:
    worker = joined(store, "resize", "ask")
    for _ in range(2):
        add(store, "ask")
    assert len(claims(store, worker, 2, "ask")) == 2
    for name in ("ask", "resize"):
        assert "busy" not in reasons(store, add(store, name))


@pytest.mark.parametrize(
    ("name", "slot"), [("resize", "HEADWAY_SLOTS"), ("ask", "HEADWAY_ASYNC_SLOTS")]
)
def test_a_job_whose_slots_are_taken_says_which(store: Store, name: str, slot: str) -> None:
    worker = joined(store, "resize", "ask", slots=1, async_slots=1)
    add(store, name)
    assert len(claims(store, worker, 1, name)) == 1
    told = reasons(store, add(store, name))
    assert f"the workers that could run it are busy: 1 job in 1 slot ({slot})" in told
    other = "ask" if name == "resize" else "resize"
    assert "busy" not in reasons(store, add(store, other))


def test_a_job_without_any_slot_of_its_kind_says_so(store: Store) -> None:
    joined(store, "resize", slots=0)
    assert "no worker that runs resize has a slot for it (HEADWAY_SLOTS)" in reasons(
        store, add(store, "resize")
    )
