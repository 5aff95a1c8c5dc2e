"""Operations for benchmarks: one that does nothing, and one that only computes."""

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
