"""Operations: the functions that jobs run, and the context they run in.

    class Resize(BaseModel):
        images: list[str]

    @operation("resize", timeout=600)
    def resize(request: Resize, ctx: Context) -> dict[str, int]:
        for image in ctx.track(request.images):
            ...
        return {"resized": len(request.images)}

A `def` runs in a process of its own; an `async def` shares one process with many others.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel

from headway.errors import NotRetryable
from headway.references import references_of, refuse_several
from headway.retry import Backoff

MOST_SHARDS: Final = 200
"""Shards of a job. Their results come to its merge together, each of at most a MiB."""

Function = Callable[[Any, Any], Any]
Merge = Callable[[Any, Any, Any], Any]
F = TypeVar("F", bound=Callable[..., Any])

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A function that jobs can run, with everything the queue and the worker need to know."""

    name: str
    function: Function | str
    """The function, or `module:name` of one that is heavy to import: see `load`."""
    input: type[BaseModel]
    max_attempts: int = 3
    timeout: float | None = None
    """Seconds one attempt may take; None for no limit."""
    stall_timeout: float | None = None
    """Seconds one attempt may say nothing; None for no limit."""
    memory: int | None = None
    """Bytes of private memory one attempt may use; None for the worker's default."""
    backoff: Backoff = Backoff()
    redoes_items: bool = False
    """Whether it can try single items again: see `Context.redo`."""
    resources: Mapping[str, int] = field(default_factory=dict)
    """What one attempt takes up of what a worker declares to have, such as `{"gpu": 1}`."""
    internal: bool = False
    """Whether only the service itself asks for it: it is in no list, and nobody can submit it."""
    settings: tuple[str, ...] = ()
    """The settings of the worker that its attempts are told: see `Context.settings`."""
    max_running: int | None = None
    """Jobs of it that may run at a time, over all workers; None for no limit."""
    split: Function | str | None = None
    """Gives the inputs of the shards that a large input is worked on as; see `operation`."""
    merge: Merge | str | None = None
    """Makes the job's result of those of its shards."""
    shard_input: type[BaseModel] | None = None
    """What shards take, a kind of `input`, if they are told more than a user may say."""

    def load(self) -> Function:
        """The function itself, imported now if it was only named."""
        return _loaded(self.function)

    def takes(self, shard: int | None) -> type[BaseModel]:
        """The model of an attempt's input: of a shard's, or of any other."""
        return self.input if shard is None else self.shard_input or self.input

    def load_split(self) -> Function | None:
        """What splits an input; None for an operation that is never split."""
        return None if self.split is None else _loaded(self.split)

    def load_merge(self) -> Merge:
        """What merges the results of shards."""
        if self.merge is None:
            raise NotRetryable(
                f"expected {self.name} to merge the results of its shards, got one that cannot:"
                " the job was split by another version of it; submit it anew"
            )
        return _loaded(self.merge)

    @property
    def is_async(self) -> bool:
        """True for `async def`: many at a time in one process. A function only named is a `def`."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def references(self) -> Mapping[str, str]:
        """The input fields that name artefacts, and the kind of each."""
        return references_of(self.input)


def _loaded(function: F | str) -> F:
    if not isinstance(function, str):
        return function
    module, _, name = function.partition(":")
    loaded: F = getattr(importlib.import_module(module), name)
    return loaded


def operation(
    name: str,
    *,
    max_attempts: int = 3,
    timeout: float | None = None,
    stall_timeout: float | None = None,
    memory_mb: int | None = None,
    backoff: Backoff = Backoff(),
    redoes_items: bool = False,
    resources: Mapping[str, int] = NOTHING,
    max_running: int | None = None,
    split: Function | None = None,
    merge: Merge | None = None,
) -> Callable[[Function], Operation]:
    """Make a function an operation. Its first parameter is a Pydantic model: the job's input.

    `split(request, ctx)` gives a list of requests of the same model, and for one too small to be
    split an empty one. The function runs for each of them, as a shard, on whatever worker is free;
    then `merge(request, results, ctx)` makes the result of what they returned, in their order.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"expected a name of a-z, 0-9 and _, starting with a letter, at most 64 long, got: {name!r}"
        )
    if max_attempts < 1:
        raise ValueError(f"expected max_attempts of at least 1, got: {max_attempts}")
    if timeout is not None and not timeout > 0:  # so that nan is refused too
        raise ValueError(f"expected a timeout above 0 seconds, got: {timeout}")
    if stall_timeout is not None and not stall_timeout > 0:
        raise ValueError(f"expected a stall_timeout above 0 seconds, got: {stall_timeout}")
    if memory_mb is not None and memory_mb < 1:
        raise ValueError(f"expected memory_mb of at least 1, got: {memory_mb}")
    for resource, count in resources.items():
        if count < 1:
            raise ValueError(f"expected at least 1 of resource {resource!r}, got: {count}")

    if max_running is not None and max_running < 1:
        raise ValueError(f"expected max_running of at least 1, got: {max_running}")
    if (split is None) != (merge is None):
        raise ValueError("expected split and merge together, got one of them")

    def register(function: Function) -> Operation:
        if split is not None and inspect.iscoroutinefunction(function):
            raise ValueError(
                f"expected a def to be split, got the async def {name}: one that waits can run"
                " many things at a time by itself"
            )
        return Operation(
            name=name,
            function=function,
            input=_input_model(function),
            max_attempts=max_attempts,
            timeout=timeout,
            stall_timeout=stall_timeout,
            memory=None if memory_mb is None else memory_mb * 2**20,
            backoff=backoff,
            redoes_items=redoes_items,
            resources=dict(resources),
            max_running=max_running,
            split=split,
            merge=merge,
        )

    return register


def _input_model(function: Function) -> type[BaseModel]:
    first = next(iter(inspect.signature(function).parameters), None)
    model = get_type_hints(function).get(first) if first is not None else None
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise TypeError(
            f"expected {getattr(function, '__name__', function)!r} to take (request: a Pydantic model, ctx: Context),"
            f" got a first parameter annotated {model!r}"
        )
    refuse_several(model)
    return model
