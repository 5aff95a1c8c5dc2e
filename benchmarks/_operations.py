"""Operations for benchmarks: one that does nothing, and one that only computes."""

import time
from pathlib import Path

from pydantic import BaseModel

from headway.context import AsyncContext, Context
from headway.operation import operation


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
    while not ctx.cancelled:
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
