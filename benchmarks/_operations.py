"""Operations for benchmarks: one that does nothing, one that only computes, and others."""

import asyncio
import random
import time
from pathlib import Path

from pydantic import BaseModel

from headway.context import AsyncContext, Context
from headway.errors import Cancelled
from headway.operation import Operation, operation
from headway.operations.requests.import_csv import ImportCsv


class Nothing(BaseModel):
    """About a hundred bytes of input."""

    payload: str = "x" * 80


@operation("noop")
async def noop(_request: Nothing, _ctx: AsyncContext) -> None:
    """Return at once."""


@operation("spin")
def spin(_request: Nothing, _ctx: Context) -> None:
    """Compute without a word until killed."""
    number = 1
    while number:
        number = sum(range(10**6))


class Orders(BaseModel):
    """Where a file says how many events to make, and how far apart."""

    orders: str


@operation("publish")
def publish(request: Orders, ctx: Context) -> None:
    """Make events as ordered, each with the moment it was made, until none are ordered."""
    orders, step = Path(request.orders), 0
    while True:
        if ctx.cancelled:
            raise Cancelled  # and not completed: a worker that stops ends us so, too
        try:
            count, pace = orders.read_text().split()
            orders.unlink()
        except (OSError, ValueError):
            time.sleep(0.01)
            continue
        if count == "0":
            return
        for _ in range(int(count)):
            step += 1
            ctx.metric({"sent": time.time()}, step=step)
            time.sleep(float(pace))


class Ticks(BaseModel):
    """When to begin, how many events to make, and how far apart."""

    start: float
    count: int
    pace: float


@operation("tick")
async def tick(request: Ticks, ctx: AsyncContext) -> None:
    """Make events, each with the moment it was made."""
    await asyncio.sleep(max(0.0, request.start - time.time()) + random.uniform(0, request.pace))
    for step in range(request.count):
        ctx.metric({"sent": time.time()}, step=step)
        await asyncio.sleep(request.pace)


import_undivided = Operation(
    name="import_undivided", function="headway.operations.import_csv:import_csv", input=ImportCsv
)
"""An import that is never split."""
