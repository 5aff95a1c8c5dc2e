"""An operation that takes each step once a test allows it, and goes on where it was interrupted."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from headway.context import AsyncContext
from headway.operation import operation
from tests.http.trial_operations import allowed


class Climb(BaseModel):
    """How high to go, and where files allow each step."""

    model_config = ConfigDict(extra="forbid")

    gate: str
    steps: int = 3


@operation("climb")
async def climb(request: Climb, ctx: AsyncContext) -> dict[str, int]:
    """Take each step, tell it and save it."""
    began = ctx.resumed.state["step"] if ctx.resumed else 0
    for step in range(began + 1, request.steps + 1):
        await allowed(Path(request.gate) / str(step))
        ctx.metric({"height": step * 0.5}, step=step)
        ctx.log(f"step {step}")
        ctx.progress(100 * step / request.steps, f"step {step}")
        await ctx.checkpoint({"step": step})
    return {"began_at": began}


class Ring(BaseModel):
    """Fields that are called like options of `headway submit`."""

    url: str
    key: str


@operation("ring")
async def ring(request: Ring, ctx: AsyncContext) -> dict[str, str]:
    """Give them back."""
    return {"url": request.url, "key": request.key}
