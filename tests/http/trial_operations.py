"""Operations that do what a test tells them to, step by step: a step is allowed by a file."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from headway.context import AsyncContext, Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operation import operation
from headway.own_model import model


class Nothing(BaseModel):
    """No input but a note."""

    model_config = ConfigDict(extra="forbid")

    note: str = ""
    number: int = 0


@operation("nothing")
async def nothing(request: Nothing, ctx: AsyncContext) -> dict[str, Json]:
    """Return at once."""
    return {"note": request.note}


@operation("fail")
async def fail(request: Nothing, ctx: AsyncContext) -> None:
    """Fail at once, for good."""
    raise NotRetryable(f"expected success, got: {request.note or 'failure'}")


class Steps(BaseModel):
    """How many steps there are, and where files allow them."""

    model_config = ConfigDict(extra="forbid")

    gate: str
    steps: int = 3


class Stretch(BaseModel):
    """Some of the steps, each allowed by a file of its number."""

    model_config = ConfigDict(extra="forbid")

    gate: str
    first: int = 1
    steps: int = 6


def split_stretch(request: Stretch, ctx: Context) -> list[Stretch]:
    """Two steps a shard."""
    ctx.expect_items(request.steps)
    return [
        request.model_copy(update={"first": first, "steps": 2})
        for first in range(1, request.steps + 1, 2)
    ]


def merge_stretch(
    request: Stretch, results: list[dict[str, Json]], ctx: Context
) -> dict[str, Json]:
    """The steps of all shards."""
    return {"steps": [step for one in results for step in one["steps"]]}


@operation("shared_steps", split=split_stretch, merge=merge_stretch)
def shared_steps(request: Stretch, ctx: Context) -> dict[str, Json]:
    """Take each step once its file is there: an item and a checkpoint."""
    steps = list(range(request.first, request.first + request.steps))
    ctx.expect_items(len(steps))
    for step in ctx.track(steps):
        while not (Path(request.gate) / str(step)).exists():
            ctx.progress(0)
            time.sleep(0.01)
        ctx.items([{"step": step}])
        ctx.checkpoint({"step": step})
    return {"steps": steps}


@operation("steps")
async def steps(request: Steps, ctx: AsyncContext) -> dict[str, Json]:
    """Take each step once its file is there: a metric, a log line, an item, a checkpoint."""
    ctx.expect_items(request.steps)
    for step in range(1, request.steps + 1):
        await allowed(Path(request.gate) / str(step))
        ctx.metric({"height": step * 0.5}, step=step)
        ctx.log(f"step {step}")
        ctx.items([{"step": step, "error": "odd" if step % 2 else None}])
        ctx.progress(100 * step / request.steps, f"step {step}")
        await ctx.checkpoint({"step": step})
    return {"steps": request.steps}


class Talk(BaseModel):
    """How much is said, and whether it then goes wrong."""

    model_config = ConfigDict(extra="forbid")

    lines: int = 0
    names: int = 2
    stumbles: bool = False


@operation("talk")
async def talk(request: Talk, ctx: AsyncContext) -> None:
    """Write log lines, and the metrics of two steps, each in a call of its own."""
    for number in range(request.lines):
        ctx.log(f"line {number}")
    for step in (1, 2):
        for name in range(request.names):
            ctx.metric({f"loss_{name}": step / (name + 1)}, step=step)
    if request.stumbles:
        raise ValueError("expected firm ground, got a stone")


class Rows(BaseModel):
    """Items to hand back."""

    rows: list[dict[str, Any]]


@operation("echo")
async def echo(request: Rows, ctx: AsyncContext) -> None:
    """Give each row as an item."""
    ctx.expect_items(len(request.rows))
    ctx.items(request.rows)


@operation("moody", redoes_items=True)
async def moody(request: Steps, ctx: AsyncContext) -> None:
    """Fail every second item until the first gate is open; try those again when asked to."""
    open_now = await asyncio.to_thread((Path(request.gate) / "1").exists)
    for part in ctx.redo:
        rows = [dict(row) for row in part.rows]
        for place in part.failed:
            rows[place] = {"mood": "better"} if open_now else {"error": "bad"}
        ctx.replace_items(part.first, rows)
        await ctx.checkpoint({"done": request.steps})
    ctx.expect_items(request.steps)
    done = ctx.resumed.state["done"] if ctx.resumed else 0
    for first in range(done, request.steps, 2):
        ctx.items([{"mood": "fine"}, {"error": "bad"}])
        await ctx.checkpoint({"done": first + 2})


async def allowed(step: Path) -> None:
    """Return once the step's file is there."""
    pause = 0.002
    while not step.exists():  # noqa: ASYNC240 - a thread for each look costs more than a look
        await asyncio.sleep(pause)
        pause = min(
            pause * 1.2, 0.05
        )  # what a test leaves waiting shall cost those that follow little


@model("trial_rules", wait_ms=50)
class Rules:
    """The label whose words a text has most of. Some texts make it misbehave."""

    def __init__(self, words: dict[str, list[str]]) -> None:
        self._label_of = {word: label for label, known in words.items() for word in known}

    @classmethod
    def load(cls, path: Path) -> "Rules":
        """Rules in JSON."""
        return cls(json.loads(path.read_text()))

    def predict(self, texts: list[str]) -> list[Any]:
        """An answer or an error for each."""
        return [self._one(text, len(texts)) for text in texts]

    def _one(self, text: str, together: int) -> Any:
        if text == "die now":
            os._exit(9)
        found = [self._label_of[word] for word in text.split() if word in self._label_of]
        if not found:
            return ValueError("no known word")
        best = max(found, key=found.count)
        return (
            (best, 1 / together)
            if text.startswith("how many")
            else (best, found.count(best) / len(found))
        )
