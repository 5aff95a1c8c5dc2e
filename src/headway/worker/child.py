"""The child's main functions: run one `def` attempt, or many `async def` ones."""

import mmap
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Any

import orjson
from pydantic import BaseModel

from headway.errors import Cancelled, Interrupted, NotRetryable, OperationFailed, StopAttempt
from headway.job import Json
from headway.operation import Operation
from headway.registry import Registry
from headway.worker.channel import Channel, ParentGone
from headway.worker.memory import MIB, out_of_memory
from headway.worker.phase import SplitUp, run_phase
from headway.worker.protocol import DONE, FAILED, SPLIT, START, STOPPED
from headway.worker.start import Start
from headway.worker.sync_context import SyncContext

LARGEST_RESULT = 4 * 2**20
"""Bytes of JSON an operation may return; more belongs in items or an artefact."""


LARGEST_SHARD_RESULT = 2**20
"""The same of a shard: a merge gets those of all shards at once."""


def run_one(sock: socket.socket, registry: Registry) -> None:
    """Run the attempt the parent is about to send, report what came of it, and return."""
    os.nice(_NICENESS)
    channel = Channel(sock)
    signal.signal(signal.SIGTERM, _raise_cancelled)
    try:
        kind, ref, start = channel.receive()
        assert kind == START, kind
        channel.send(*_attempt(Start(**start), ref, channel, registry))
    except (ParentGone, BrokenPipeError, ConnectionResetError):
        return


def _attempt(start: Start, ref: str, channel: Channel, registry: Registry) -> list[Any]:
    """The message that ends the attempt. The only broad `except` of an attempt is here."""
    context: SyncContext | None = None
    try:
        channel.listen()
        if channel.stopping:
            raise Interrupted
        operation = registry.get(start.operation)
        context = SyncContext(start, ref, channel, registry.models)
        context.begin()
        request = operation.takes(start.shard).model_validate_json(start.input)
        result = run_phase(operation, request, start, context)
        if isinstance(result, SplitUp):
            return [SPLIT, ref, {"inputs": result.inputs, **usage()}]
        return [DONE, ref, done(result, operation, context.finish(), largest=largest(start))]
    except StopAttempt:
        return [STOPPED, ref]
    except ParentGone:
        raise
    except BaseException as error:  # noqa: BLE001 - an outcome, not a swallowed error: it is recorded
        return [FAILED, ref, failure(error)]
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the outcome is being told
        if context is not None:
            context.clear_scratch()


def largest(start: Start) -> int:
    """How large the result of this attempt may be."""
    return LARGEST_RESULT if start.shard is None else LARGEST_SHARD_RESULT


def done(
    result: Json,
    operation: Operation,
    left: dict[str, Json],
    *,
    largest: int = LARGEST_RESULT,
    shared: bool = False,
) -> dict[str, Any]:
    """The `done` message's body. Raise `NotRetryable` when the result cannot be kept.

    In a `shared` process nobody can tell what one attempt has cost.
    """
    kept = _kept(result, f"{operation.name} to return", largest)
    return {"result": kept, **left, **({} if shared else usage())}


def _kept(result: Json, wanted: str, largest: int) -> Json:
    if isinstance(result, BaseModel):
        result = result.model_dump(mode="json")
    try:
        text = orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise NotRetryable(f"expected {wanted} what JSON can hold, got: {error}") from error
    if len(text) > largest:
        raise NotRetryable(
            f"expected a result of at most {largest} bytes as JSON, got {len(text)};"
            " return a summary and give the rest to ctx.items or ctx.publish"
        )
    return result


def failure(error: BaseException, *, shared: bool = False) -> dict[str, Any]:
    """The `failed` message's body: a sentence for the user and what was found all the same, a
    traceback for the operator."""
    if isinstance(error, MemoryError):
        _make_room()
    sentence, found = _sentence(error, shared=shared), None
    if isinstance(error, OperationFailed):
        try:
            found = _kept(error.result, "the error to keep", LARGEST_RESULT)
        except NotRetryable as unkept:  # it must not hide why the operation failed
            sentence = f"{sentence} ({unkept})"
    return {
        "error": sentence,
        "result": found,
        "retryable": not isinstance(error, NotRetryable | SystemExit),
        "traceback": traceback_of(error),
        **({} if shared else usage()),
    }


def _make_room() -> None:
    """Open the reserve: what filled the memory is still held by the error's frames.

    Opening it takes memory too, if only for a tuple, and there may be none for even that. So the
    ballast goes first, which takes none.
    """
    _ballast.close()  # no loop, no `with`: already an iterator would be too much
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _sentence(error: BaseException, *, shared: bool) -> str:
    if isinstance(error, OperationFailed):
        return text_of(error)
    if isinstance(error, MemoryError):
        return out_of_memory(None, None) if shared else _out_of_memory()
    if isinstance(error, SystemExit):
        return f"expected the operation to return, got: it called sys.exit({text_of(error)})"
    return _storable(f"{type(error).__name__}: {text_of(error)}")[:2000]


def _out_of_memory() -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = None if hard == resource.RLIM_INFINITY else hard - _RESERVE
    return out_of_memory(limit, usage()["peak_memory"])


def text_of(error: BaseException) -> str:
    """The text of any error, short enough to be stored and fit to be sent."""
    try:
        return _storable(str(error))[:2000]
    except Exception as another:  # noqa: BLE001 - a user's `__str__`; the error is an outcome
        return f"(it has no text, because making it raised {type(another).__name__})"


def traceback_of(error: BaseException) -> str:
    """Its traceback for the operator; of a very long one the beginning and the end."""
    text = _storable("".join(traceback.format_exception(error)))
    return text if len(text) <= 20_000 else f"{text[:10_000]}\n[...]\n{text[-10_000:]}"


def _storable(text: str) -> str:
    """Without what no database or JSON takes: halves of surrogate pairs, and NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def usage() -> dict[str, Any]:
    """What this process has cost so far."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"peak_memory": spent.ru_maxrss * unit, "cpu_seconds": spent.ru_utime + spent.ru_stime}


def _raise_cancelled(_signal: int, _frame: object) -> None:
    raise Cancelled


_NICENESS = 10
"""A child that computes takes every core it gets, and gives way to whoever answers a request."""


_RESERVE = 32 * MIB
"""Memory beyond an attempt's limit, for telling that it ran out."""

_BALLAST = 4 * MIB
"""Of it, what is given back to open the rest; Python asks for a MiB at a time."""

_ballast = mmap.mmap(-1, _BALLAST, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""Mapped before the fork, as a copy in each child; never touched, so it fills no memory."""


def become(memory: int | None) -> None:
    """Turn a fresh fork into a child: its own group, bound to its parent's life, and bounded."""
    os.setsid()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory + _BALLAST, memory + _RESERVE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:  # forks of one process must not draw alike
        numpy_random.seed()
