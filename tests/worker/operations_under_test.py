"""Operations that do each thing a worker must cope with."""

import asyncio
import ctypes
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from headway.context import AsyncContext, Context, DatasetName
from headway.errors import NotRetryable, OperationFailed
from headway.operation import Operation, operation
from headway.retry import Backoff

AT_ONCE = Backoff(base=0.0, cap=0.0)
MIB = 2**20
CHATTY_SECONDS = 4.0
"""Longer than a busy machine leaves a process that wants to run waiting."""


class Nothing(BaseModel):
    """No input."""


class Note(BaseModel):
    """A file to tell the test something in."""

    file: str = ""


class Steps(BaseModel):
    """How far to go, and where to say what was done."""

    steps: int = 10
    """How many there are."""
    every: int = 1
    """Steps between two checkpoints; 0 for none."""
    log: str | None = None
    """Lines as of `tests.worker.steps.Line` are added to this file."""
    gate: str | None = None
    """Before step `gate_at`, wait until this file is there."""
    gate_at: int = 0
    gates: list[int] = []
    """Before each of these steps, wait until the file `<gate>-<step>` is there."""
    pause: float = 0.0
    """Seconds each step takes."""
    seed: int = 0
    bulk: int = 0
    """Bytes that make each checkpoint of `chain` larger."""


class Shared(Steps):
    """Steps that shards share."""

    shards: int = 4
    """Into how many they are split; 0 for not at all."""
    first: int = 0
    """The first step's number."""
    fails_at: int | None = None
    """The step that can never be done."""
    merge_gate: str | None = None
    """Where the merge waits for a file."""


class Size(BaseModel):
    """How much of it."""

    size: int = 0


class Attempts(BaseModel):
    """Which attempt is the first to succeed."""

    succeeds_at: int = 2


# -- what goes well


@operation("noop")
async def noop(request: Nothing, ctx: AsyncContext) -> dict[str, bool]:
    """Return at once."""
    return {"ok": True}


@operation("noop_alone")
def noop_alone(request: Nothing, ctx: Context) -> dict[str, int]:
    """Return at once, from a process of its own."""
    return {"pid": os.getpid()}


@operation("count", backoff=AT_ONCE)
def count(request: Steps, ctx: Context) -> dict[str, int]:
    """One item a step, every tenth a failed one; waits at the gate before its step."""
    ctx.expect_items(request.steps)
    for step in range(_resumed_at(ctx), request.steps):
        _wait_at(request, step)
        _add(request, ctx, "step", step)
        error = "it has a nine" if step % 10 == 9 else None
        ctx.items([{"index": step, "square": step * step, "error": error}])
        if request.every and (step + 1) % request.every == 0:
            ctx.checkpoint({"next": step + 1})
            _add(request, ctx, "saved", step)
    return {"steps": request.steps}


@operation("count_kept", backoff=AT_ONCE)
def count_kept(request: Steps, ctx: Context) -> dict[str, int]:
    """The same, with bytes in each checkpoint that can be damaged."""
    ctx.expect_items(request.steps)
    for step in range(_resumed_at(ctx), request.steps):
        _wait_at(request, step)
        _add(request, ctx, "step", step)
        error = "it has a nine" if step % 10 == 9 else None
        ctx.items([{"index": step, "square": step * step, "error": error}])
        if (step + 1) % request.every == 0:
            ctx.checkpoint({"next": step + 1}, str(step).encode() * 8)
            _add(request, ctx, "saved", step)
    return {"steps": request.steps}


def split_squares(request: Shared, ctx: Context) -> list[Shared]:
    """As many shards as asked for, of equal length."""
    _add(request, ctx, "split", request.steps)
    if request.shards:
        ctx.expect_items(request.steps)
    each = request.steps // max(1, request.shards)
    return [
        request.model_copy(update={"steps": each, "first": number * each, "shards": 0})
        for number in range(request.shards)
    ]


def merge_squares(request: Shared, results: list[dict[str, int]], ctx: Context) -> dict[str, int]:
    """The sum of the shards' sums."""
    _add(request, ctx, "merge", len(results))
    ctx.progress(10, "merging")
    while request.merge_gate and not Path(request.merge_gate).exists():
        time.sleep(0.01)
    return {"sum": sum(one["sum"] for one in results), "shards": len(results)}


@operation("squares", max_attempts=2, backoff=AT_ONCE, split=split_squares, merge=merge_squares)
def squares(request: Shared, ctx: Context) -> dict[str, int]:
    """The sum of squares, with an item for each; every tenth is a failed one."""
    return _squared(request, ctx)


@operation("squares_on_gpu", resources={"gpu": 1}, split=split_squares, merge=merge_squares)
def squares_on_gpu(request: Shared, ctx: Context) -> dict[str, int]:
    """The same, where there is a GPU."""
    return _squared(request, ctx)


def _squared(request: Shared, ctx: Context) -> dict[str, int]:
    ctx.expect_items(request.steps)
    for step in range(_resumed_at(ctx), request.steps):
        number = request.first + step
        if number == request.fails_at:
            raise OperationFailed(f"step {number} cannot be done")
        _wait_at(request, number)
        _add(request, ctx, "step", number)
        time.sleep(request.pause)
        error = "it has a nine" if number % 10 == 9 else None
        ctx.items([{"index": number, "square": number * number, "error": error}])
        if request.every and (step + 1) % request.every == 0:
            ctx.checkpoint({"next": step + 1})
            _add(request, ctx, "saved", number)
            ctx.progress(100 * (step + 1) / request.steps)
    total = sum(number * number for number in range(request.first, request.first + request.steps))
    return {"sum": total, "shards": 0}


@operation("chain", max_attempts=5, backoff=AT_ONCE)
def chain(request: Steps, ctx: Context) -> dict[str, int]:
    """A number that each step makes from the one before: `chained` says what comes out."""
    value = request.seed
    if ctx.resumed is not None:
        blob = ctx.resumed.blob()
        assert blob is not None
        value = json.loads(blob)["value"]
    for step in range(_resumed_at(ctx), request.steps):
        _wait_at(request, step)
        _add(request, ctx, "step", step)
        value = _next(value, step)
        time.sleep(request.pause)
        if request.every and (step + 1) % request.every == 0:
            kept = {"value": value, "bulk": "x" * request.bulk}
            ctx.checkpoint({"next": step + 1}, json.dumps(kept).encode())
            _add(request, ctx, "saved", step)
    return {"value": value}


def chained(request: Steps) -> int:
    """What `chain` must return, however often it was interrupted."""
    value = request.seed
    for step in range(request.steps):
        value = _next(value, step)
    return value


@operation("chain_async", max_attempts=5, backoff=AT_ONCE)
async def chain_async(request: Steps, ctx: AsyncContext) -> dict[str, int]:
    """The same, beside others."""
    value, first = request.seed, 0
    if ctx.resumed is not None:
        value, first = ctx.resumed.state["value"], ctx.resumed.state["next"]
    for step in range(first, request.steps):
        if request.gate and step == request.gate_at:
            await _until(request.gate)
        _add(request, ctx, "step", step)
        value = _next(value, step)
        await asyncio.sleep(request.pause)
        if request.every and (step + 1) % request.every == 0:
            await ctx.checkpoint({"next": step + 1, "value": value})
            _add(request, ctx, "saved", step)
    return {"value": value}


@operation("tell_all")
def tell_all(request: Nothing, ctx: Context) -> dict[str, Any]:
    """Use everything the context has that needs no file."""
    ctx.log("hello", level="info")
    ctx.metric({"loss": 0.5, "accuracy": 0.75}, step=1)
    ctx.progress(-7, "below")
    time.sleep(0.06)
    ctx.progress(250, "above")
    scratch = ctx.scratch
    (scratch / "file").write_text("x")
    return {"scratch": str(scratch), "attempt": ctx.attempt, "owner": ctx.owner, "id": ctx.job_id}


@operation("track")
def track(request: Steps, ctx: Context) -> dict[str, list[int]]:
    """Go through a list with `track`, and wait at the gate."""
    seen = []
    for item in ctx.track(range(request.steps), message="tracking"):
        _wait_at(request, item)
        seen.append(item)
    return {"seen": seen}


@operation("flood")
def flood(request: Size, ctx: Context) -> dict[str, int]:
    """Far more progress, metrics and log lines than anybody can read."""
    for one in range(request.size):
        ctx.progress(100 * one / request.size, f"at {one}")
        ctx.metric({"one": one}, step=one)
        ctx.log(f"line {one}")
    return {"told": request.size}


@operation("flood_async")
async def flood_async(request: Size, ctx: AsyncContext) -> dict[str, int]:
    """The same beside others, with a breath now and then."""
    for one in range(request.size):
        ctx.metric({"one": one}, step=one)
        ctx.log("x" * 1000)
        if one % 100 == 0:
            await asyncio.sleep(0)
    return {"told": request.size}


@operation("flood_later")
async def flood_later(request: Note, ctx: AsyncContext) -> None:
    """Once the file is there, ten thousand lines of a kilobyte each."""
    while not await asyncio.to_thread(Path(request.file).exists):  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.05)
    for one in range(10_000):
        ctx.log("x" * 1000)
        if one % 100 == 0:
            await asyncio.sleep(0.01)


@operation("publish_dataset", backoff=AT_ONCE)
def publish_dataset(request: Attempts, ctx: Context) -> dict[str, str]:
    """Publish a file; fail after it until the attempt that succeeds."""
    file = ctx.scratch / "numbers.csv"
    file.write_text("1\n2\n3\n")
    made = ctx.publish("dataset", "numbers", file, meta={"rows": 3}, alias="latest")
    if ctx.attempt < request.succeeds_at:
        raise OperationFailed("not yet")
    return {"artifact": made}


class Reading(BaseModel):
    """Which data set to read."""

    dataset: DatasetName


@operation("read_dataset")
def read_dataset(request: Reading, ctx: Context) -> dict[str, Any]:
    """Read a data set that another job published."""
    artifact = ctx.artifact("dataset")
    assert artifact is not None
    return {"text": artifact.path.read_text(), "version": artifact.version}


@operation("large_result")
def large_result(request: Size, ctx: Context) -> str:
    """Return this many bytes."""
    return "x" * request.size


@operation("large_items")
def large_items(request: Size, ctx: Context) -> None:
    """So many items of a kilobyte each."""
    for first in range(0, request.size, 1000):
        ctx.items([{"text": "x" * 1000}] * min(1000, request.size - first))
        ctx.checkpoint({"next": first + 1000})


@operation("large_log")
def large_log(request: Size, ctx: Context) -> None:
    """One line of this many bytes."""
    ctx.log("x" * request.size)


def _named(name: str, function: str) -> Operation:
    return Operation(name=name, function=function, input=Note, backoff=AT_ONCE)


slow_import = _named("slow_import", "tests.worker.slow_import:run")
no_room = _named("no_room", "tests.worker.no_room:run")
broken_import = _named("broken_import", "tests.worker.broken_import:run")
exiting_import = _named("exiting_import", "tests.worker.exiting_import:run")
missing_name = _named("missing_name", "tests.worker.operations_under_test:not_there")

# -- what does not end by itself


@operation("until_cancelled")
def until_cancelled(request: Note, ctx: Context) -> None:
    """Work on and look up often."""
    _say(request)
    while True:
        ctx.progress(1)
        time.sleep(0.005)


@operation("in_c_code")
def in_c_code(request: Note, ctx: Context) -> int:
    """One call that runs for minutes and lets no Python run."""
    _say(request)
    return sum(range(10**12))


@operation("fills_scratch")
def fills_scratch(request: Note, ctx: Context) -> None:
    """Leave files behind and be stuck."""
    (ctx.scratch / "large").write_bytes(bytes(1000))
    _say(request)
    sum(range(10**12))


@operation("ignores_sigterm")
def ignores_sigterm(request: Note, ctx: Context) -> None:
    """Neither look up nor hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _say(request)
    while True:
        time.sleep(0.05)


@operation("notes_sigterm")
def notes_sigterm(request: Note, ctx: Context) -> None:
    """Hear SIGTERM, say so with the file `<file>.told`, and go on."""
    told = Path(f"{request.file}.told")
    signal.signal(signal.SIGTERM, lambda *_: told.touch())
    _say(request)
    while True:
        time.sleep(0.05)


@operation("swallows_everything")
def swallows_everything(request: Note, ctx: Context) -> None:
    """Catch what says stop, and go on."""
    _say(request)
    while True:
        try:
            ctx.progress(1)
            time.sleep(0.005)
        except BaseException:  # noqa: BLE001 - bad manners are what is tested
            time.sleep(0.001)


@operation("grandchildren")
def grandchildren(request: Note, ctx: Context) -> None:
    """Start processes that would live on, and wait for them in C code."""
    for _ in range(3):
        subprocess.Popen(["sleep", "300"])
    _say(request)
    sum(range(10**12))


class Daemons(BaseModel):
    """What the processes that would get away do."""

    folder: str
    """Each writes its number to a file here."""
    returns: bool = False
    """Whether the operation returns once they are there."""


@operation("daemons")
def daemons(request: Daemons, ctx: Context) -> None:
    """Start processes that leave their group in each of the ways known."""
    folder = Path(request.folder)
    for left in folder.iterdir():  # by an attempt before
        left.unlink()
    _daemon(folder / "session")
    twice = [sys.executable, "-c", _TWICE_FORKED, str(folder / "forked")]
    between = int(subprocess.run(twice, check=True, stdout=subprocess.PIPE).stdout)
    subprocess.Popen(
        [sys.executable, "-c", _WITH_CHILD, str(folder / "above"), str(folder / "below")],
        start_new_session=True,
    )
    while len([one for one in folder.iterdir() if one.read_text()]) < 4:
        time.sleep(0.01)
    os.waitpid(between, 0)  # it has become ours, and its child does when it ends
    (folder / "all").touch()
    if not request.returns:
        sum(range(10**12))


def _daemon(file: Path) -> None:
    process = subprocess.Popen(["sleep", "300"], start_new_session=True)
    file.write_text(str(process.pid))


_TWICE_FORKED = """
import os, subprocess, sys
between = os.fork()
if between:
    print(between)
else:
    os.setsid()
    process = subprocess.Popen(["sleep", "300"], start_new_session=True, stdout=subprocess.DEVNULL)
    open(sys.argv[1], "w").write(str(process.pid))
"""
_WITH_CHILD = """
import os, subprocess, sys
process = subprocess.Popen(["sleep", "300"], start_new_session=True)
open(sys.argv[2], "w").write(str(process.pid))
open(sys.argv[1], "w").write(str(os.getpid()))
process.wait()
"""


@operation("grandchildren_left")
def grandchildren_left(request: Note, ctx: Context) -> None:
    """Return while a process of ours still runs."""
    process = subprocess.Popen(["sleep", "300"])
    Path(request.file).write_text(str(process.pid))


@operation("sleeper")
async def sleeper(request: Note, ctx: AsyncContext) -> None:
    """Sleep politely until told otherwise."""
    _say(request)
    await asyncio.sleep(3600)


@operation("never_yields")
async def never_yields(request: Note, ctx: AsyncContext) -> None:
    """Block the loop that others share."""
    _say(request)
    await asyncio.sleep(0)
    sum(range(10**12))


@operation("until_file")
def until_file(request: Note, ctx: Context) -> dict[str, int]:
    """Say nothing until the file `<file>.go` is there."""
    return until_file_of(request)


def until_file_of(request: Note) -> dict[str, int]:
    """Wait for the file `<file>.go`."""
    _say(request)
    while not Path(request.file + ".go").exists():
        time.sleep(0.01)
    return {"pid": os.getpid()}


@operation("on_gpu", resources={"gpu": 1})
def on_gpu(request: Note, ctx: Context) -> dict[str, int]:
    """The same, with a resource that not every worker has."""
    return until_file_of(request)


@operation("until_file_async")
async def until_file_async(request: Note, ctx: AsyncContext) -> dict[str, int]:
    """The same, beside others."""
    _say(request)
    await _until(request.file + ".go")
    return {"pid": os.getpid()}


@operation("silent", max_attempts=1, stall_timeout=0.5)
def silent(request: Note, ctx: Context) -> None:
    """Say one thing, then nothing, where only a signal comes through."""
    _say(request)
    ctx.log("here")
    time.sleep(3600)


@operation("stands_still", max_attempts=1, stall_timeout=0.5)
def stands_still(request: Note, ctx: Context) -> None:
    """Say one thing, then nothing, where only SIGKILL comes through."""
    _say(request)
    ctx.log("here")
    os.kill(os.getpid(), signal.SIGSTOP)


@operation("silent_async", max_attempts=1, stall_timeout=0.5)
async def silent_async(request: Note, ctx: AsyncContext) -> None:
    """The same, beside others."""
    _say(request)
    ctx.log("here")
    await asyncio.sleep(3600)


@operation("chatty", max_attempts=1, stall_timeout=CHATTY_SECONDS)
def chatty(request: Steps, ctx: Context) -> None:
    """Say something now and then, of each kind, for longer than it may be silent."""
    for step in range(request.steps):
        time.sleep(request.pause)
        _chat(ctx, step)
    ctx.checkpoint({})


@operation("chatty_async", max_attempts=1, stall_timeout=CHATTY_SECONDS)
async def chatty_async(request: Steps, ctx: AsyncContext) -> None:
    """The same, beside others."""
    for step in range(request.steps):
        await asyncio.sleep(request.pause)
        _chat(ctx, step)
    await ctx.checkpoint({})


# -- what goes wrong


@operation("fails", max_attempts=3, backoff=Backoff(base=0.02, cap=0.02))
def fails(request: Attempts, ctx: Context) -> dict[str, int]:
    """Fail until the attempt that succeeds."""
    if ctx.attempt < request.succeeds_at:
        raise ValueError(f"attempt {ctx.attempt} failed")
    return {"attempt": ctx.attempt}


@operation("fails_async", max_attempts=3, backoff=AT_ONCE)
async def fails_async(request: Attempts, ctx: AsyncContext) -> dict[str, int]:
    """The same, beside others."""
    if ctx.attempt < request.succeeds_at:
        raise ValueError(f"attempt {ctx.attempt} failed")
    return {"attempt": ctx.attempt}


@operation("fails_later", max_attempts=2, backoff=Backoff(base=300.0, cap=300.0))
def fails_later(request: Nothing, ctx: Context) -> None:
    """Fail, with a long delay before the next attempt."""
    raise OperationFailed("the other side is down")


@operation("not_retryable", backoff=AT_ONCE)
def not_retryable(request: Nothing, ctx: Context) -> None:
    """Fail for good."""
    raise NotRetryable("the file has no column `text`")


@operation("finds_something")
def finds_something(request: Nothing, ctx: Context) -> None:
    """Fail for good, and tell what was found all the same."""
    raise NotRetryable("the file has no column `text`", result={"columns": ["a", "b"]})


@operation("finds_the_unspeakable")
def finds_the_unspeakable(request: Nothing, ctx: Context) -> None:
    """Fail for good, with what no JSON can hold."""
    raise NotRetryable("the file has no column `text`", result=ctx)


@operation("segfault", backoff=AT_ONCE)
def segfault(request: Nothing, ctx: Context) -> None:
    """Die of a fault in C code."""
    ctypes.string_at(0)


@operation("segfault_async", backoff=AT_ONCE)
async def segfault_async(request: Note, ctx: AsyncContext) -> None:
    """The same, with others aboard, when the file `<file>.go` is there."""
    _say(request)
    if request.file:
        await _until(request.file + ".go")
    ctypes.string_at(0)


@operation("os_exit", backoff=AT_ONCE)
def os_exit(request: Nothing, ctx: Context) -> None:
    """Leave without a word."""
    os._exit(7)


@operation("sys_exit", backoff=AT_ONCE)
def sys_exit(request: Nothing, ctx: Context) -> None:
    """Leave as scripts do."""
    sys.exit(3)


@operation("rare_signal", backoff=AT_ONCE)
def rare_signal(request: Nothing, ctx: Context) -> None:
    """Die of a signal that has no name."""
    os.kill(os.getpid(), signal.SIGRTMIN + 6)


class Bare(BaseException):
    """Not an `Exception`."""


@operation("base_exception", max_attempts=2, backoff=AT_ONCE)
def base_exception(request: Nothing, ctx: Context) -> None:
    """Raise what most handlers do not catch."""
    raise Bare("not an Exception")


@operation("memory_error", max_attempts=2, memory_mb=256, backoff=AT_ONCE)
def memory_error(request: Nothing, ctx: Context) -> int:
    """Want more memory than allowed."""
    return len(bytearray(1024 * MIB))


class Bits(BaseModel):
    """In which pieces."""

    links: bool = False
    """Each holds the one before; else a list holds them all."""


@operation("memory_error_bit_by_bit", max_attempts=2, memory_mb=256, backoff=AT_ONCE)
def memory_error_bit_by_bit(request: Bits, ctx: Context) -> int:
    """Want it in small pieces, and let none go."""
    kept: list[list[int]] = []
    chain: tuple[object, ...] = ()
    while True:
        if request.links:  # nothing that is larger than the rest, and fails before the last byte
            chain = (chain,)
        else:
            kept.append([len(kept)] * 10)


@operation("memory_error_async", max_attempts=2, backoff=AT_ONCE)
async def memory_error_async(request: Nothing, ctx: AsyncContext) -> None:
    """Want more memory than any machine has, beside others."""
    bytearray(2**60)


@operation("shares_memory", memory_mb=128, backoff=AT_ONCE)
def shares_memory(request: Size, ctx: Context) -> None:
    """Fill memory that other processes could see, which no system limit counts."""
    shared = mmap.mmap(-1, request.size)
    for start in range(0, request.size, mmap.PAGESIZE):
        shared[start] = 1
    sum(range(10**12))


@operation("holds_memory_below", memory_mb=128, backoff=AT_ONCE)
def holds_memory_below(request: Size, ctx: Context) -> None:
    """Start two programs that fill memory, each within the limit."""
    program = f"held = b'x' * {request.size}; input()"
    below = [subprocess.Popen([sys.executable, "-c", program], stdin=-1) for _ in range(2)]
    for one in below:
        one.wait()
    sum(range(10**12))


@operation("shares_memory_below", memory_mb=128, backoff=AT_ONCE)
def shares_memory_below(request: Size, ctx: Context) -> int:
    """Fill memory, and stay for more than one look of the watch with two forks that see it too."""
    held = b"x" * request.size
    below = [os.fork() for _ in range(2)]
    if 0 in below:
        time.sleep(1.5)
        os._exit(held[0] != ord("x"))
    return sum(os.waitpid(pid, 0)[1] for pid in below)


@operation("maps_a_file", memory_mb=128)
def maps_a_file(request: Note, ctx: Context) -> dict[str, int]:
    """Read a large file where it lies, and stay for more than one look of the watch."""
    with Path(request.file).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        touched = sum(mapped[start] for start in range(0, len(mapped), mmap.PAGESIZE))
        time.sleep(1.2)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"resident": pages * mmap.PAGESIZE, "touched": touched}


@operation("result_not_json", backoff=AT_ONCE)
def result_not_json(request: Nothing, ctx: Context) -> object:
    """Return what JSON cannot hold."""
    return object()


@operation("result_not_json_async", backoff=AT_ONCE)
async def result_not_json_async(request: Nothing, ctx: AsyncContext) -> object:
    """The same, beside others."""
    return object()


class Unspeakable(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Undecodable(Exception):
    """Its text is no UTF-8: a file name may be like this."""

    def __str__(self) -> str:
        return "no such file: \udcff.csv"


ERRORS: dict[str, Callable[[], BaseException]] = {
    "unspeakable": Unspeakable,
    "undecodable": Undecodable,
    "nul": lambda: ValueError("a\0b"),
    "long": lambda: ValueError("x" * 100_000),
    "cancelled_error": asyncio.CancelledError,
    "keyboard_interrupt": KeyboardInterrupt,
}


class Which(BaseModel):
    """Which of them."""

    which: str


@operation("raises", max_attempts=2, backoff=AT_ONCE)
def raises(request: Which, ctx: Context) -> None:
    """Raise one of `ERRORS`."""
    error = ERRORS[request.which]()
    raise error


@operation("raises_async", max_attempts=2, backoff=AT_ONCE)
async def raises_async(request: Which, ctx: AsyncContext) -> None:
    """The same, beside others."""
    error = ERRORS[request.which]()
    raise error


def _not_json(ctx: Context | AsyncContext, which: str) -> None:
    thing: Any = object()
    match which:
        case "log":
            ctx.log(thing)
        case "metric":
            ctx.metric({"thing": thing}, step=1)
        case "progress":
            ctx.progress(100, thing)
        case "items":
            ctx.items([{"thing": thing}])
        case "surrogate":
            ctx.log("\udcff")


@operation("says_what_is_no_json", max_attempts=1)
def says_what_is_no_json(request: Which, ctx: Context) -> None:
    """Report something that cannot be put on the wire."""
    _not_json(ctx, request.which)


@operation("says_what_is_no_json_async", max_attempts=1)
async def says_what_is_no_json_async(request: Which, ctx: AsyncContext) -> None:
    """The same, beside others."""
    _not_json(ctx, request.which)


@operation("publishes_what_is_no_json", max_attempts=1)
def publishes_what_is_no_json(request: Nothing, ctx: Context) -> None:
    """Publish with a description that cannot be stored."""
    file = ctx.scratch / "file"
    file.write_text("x")
    ctx.publish("dataset", "odd", file, meta={"thing": object()})


@operation("closes_stdout")
def closes_stdout(request: Nothing, ctx: Context) -> None:
    """Leave a standard output that cannot be flushed."""
    sys.stdout = Path("/dev/full").open("w")  # noqa: SIM115 - it stays open on purpose
    sys.stdout.write("this finds no place")


@operation("kills_itself", backoff=AT_ONCE)
def kills_itself(request: Nothing, ctx: Context) -> None:
    """Die as the kernel kills what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@operation("two_at_once")
async def two_at_once(request: Nothing, ctx: AsyncContext) -> dict[str, bool]:
    """Ask for two checkpoints at the same time."""
    await asyncio.gather(ctx.checkpoint({"n": 1}), ctx.checkpoint({"n": 2}))
    return {"ok": True}


@operation("items_while_saving")
async def items_while_saving(request: Steps, ctx: AsyncContext) -> None:
    """Add items while a checkpoint is on its way, and some behind the last one."""
    for step in range(request.steps):
        saving = asyncio.create_task(ctx.checkpoint({"next": step}))
        for index in range(10 * step, 10 * step + 10):
            ctx.items([{"index": index, "error": None}])
            await asyncio.sleep(0)
        await saving


# -- helpers


def _next(value: int, step: int) -> int:
    return (value * 6364136223846793005 + step + 1) % 2**53


def _chat(ctx: Context | AsyncContext, step: int) -> None:
    (
        lambda: ctx.log(f"at {step}"),
        lambda: ctx.metric({"step": step}, step=step),
        lambda: ctx.progress(step % 100),
    )[step % 3]()


def _resumed_at(ctx: Context) -> int:
    return 0 if ctx.resumed is None else int(ctx.resumed.state["next"])


def _wait_at(request: Steps, step: int) -> None:
    while request.gate and step == request.gate_at and not Path(request.gate).exists():
        time.sleep(0.01)
    while step in request.gates and not Path(f"{request.gate}-{step}").exists():
        time.sleep(0.01)


async def _until(file: str) -> None:
    while not os.path.exists(file):  # noqa: ASYNC110, ASYNC240, PTH110 - another process makes it
        await asyncio.sleep(0.01)


def _add(request: Steps, ctx: Context | AsyncContext, word: str, step: int) -> None:
    if request.log is not None:
        token = ctx.scratch.parent.name
        saved = (step + (word == "saved")) // request.every if request.every else 0
        line = f"{word} {step} {token} {os.getpid()} {saved}\n".encode()
        descriptor = os.open(request.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line)
        os.close(descriptor)


def _say(request: Note) -> None:
    """Tell the test that we are here: our process number, whole or not at all."""
    if request.file:
        temporary = Path(f"{request.file}.{os.getpid()}")
        temporary.write_text(str(os.getpid()))
        temporary.rename(request.file)
