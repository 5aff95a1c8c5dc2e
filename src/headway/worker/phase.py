"""Which part of an operation an attempt runs: all of it, its split, a shard, or the merge."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operation import MOST_SHARDS, Operation
from headway.worker.start import Start


@dataclass(frozen=True, slots=True)
class SplitUp:
    """The input is to be worked on in shards."""

    inputs: Sequence[str]
    """JSON, one for each."""


def run_phase(operation: Operation, request: Any, start: Start, ctx: Context) -> Json | SplitUp:
    """What the operation returned, or what its input was split into.

    A job that an attempt has worked on as a whole is never split later: its checkpoints would
    be lost.
    """
    if start.results is not None:
        return operation.load_merge()(request, start.results, ctx)
    split = operation.load_split()
    if split is not None and start.shard is None and not (start.checkpoints or start.redo):
        inputs = _inputs(operation, split(request, ctx))
        if len(inputs) > 1:
            return SplitUp(inputs)
    return operation.load()(request, ctx)


def _inputs(operation: Operation, requests: Sequence[BaseModel]) -> list[str]:
    requests = list(requests)
    if len(requests) > MOST_SHARDS:
        raise NotRetryable(
            f"expected {operation.name} to split its input into at most {MOST_SHARDS} shards, got"
            f" {len(requests)}; make them larger"
        )
    takes = operation.takes(0)
    stray = next((one for one in requests if not isinstance(one, takes)), None)
    if stray is not None:
        raise NotRetryable(
            f"expected {operation.name} to split its input into {takes.__name__}, got"
            f" a {type(stray).__name__}"
        )
    return [one.model_dump_json(by_alias=True) for one in requests]
