"""Files in async code, without a moment in which the event loop waits for a disk.

`save_results` writes, `read_lines` reads, `process_files` does both for many files at once. Whatever
the size of a file, memory holds a few blocks of it; each hop to a thread moves a whole block, since a
hop for every line would cost more than the line.

    async for line in read_lines("tickets.txt"):
        ...
    saved = await save_results("answers.jsonl", ({"id": i, "answer": a} for i, a in answers))
    print(saved.sha256)
"""

import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import orjson
from anyio import to_thread

from headway.durable import sync_directory

BLOCK: Final = 1 << 20
LONGEST_LINE: Final = 1 << 24
_READ: Final = 1 << 18
"""Small enough that the loop is back within a millisecond or two of handing out its lines."""
_JSON: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS

Name = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is whole and on the disk."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Processed:
    """What came of one file."""

    path: Path
    lines: int
    saved: Saved | None
    """Its results; None when it failed."""
    error: str | None = None


class Draft:
    """A file under a temporary name, hashed and counted while it is written.

    `add` is for the event loop, and never waits; `write`, `finish` and `discard` are for a thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = path.open("xb", buffering=0)
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._held = 0

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._hash.hexdigest()

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; True when it is time to write."""
        self._waiting.append(chunk)
        self._held += len(chunk)
        self.size += len(chunk)
        return self._held >= BLOCK

    def write(self) -> None:
        """Put what was taken onto the disk."""
        block = b"".join(self._waiting)
        self._waiting, self._held = [], 0
        self._hash.update(block)
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]

    def finish(self) -> None:
        """Write the rest, and make sure that it survives a power cut."""
        self.write()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Leave nothing behind under the temporary name."""
        self._file.close()
        self.path.unlink(missing_ok=True)


async def save_results(path: Name, results: Iterable[Any] | AsyncIterable[Any]) -> Saved:
    """Write results to a file: bytes as they are, text as a line, all else as a line of JSON.

    The file is there whole, synced and under its name, or not at all. Results may be of any number;
    they are taken one by one, those of an async iterable as they come.
    """
    target = Path(path)
    draft = await to_thread.run_sync(_drafted, target)
    try:
        if isinstance(results, AsyncIterable):
            async for result in results:
                if draft.add(_encoded(result)):
                    await to_thread.run_sync(draft.write)
        else:
            # Making the results may take long, so that is done in the thread as well.
            taken = iter(results)
            while await to_thread.run_sync(_write_block, draft, taken):
                pass
        return await to_thread.run_sync(_keep, draft, target)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(draft.discard)


async def read_lines(
    path: Name, *, encoding: str = "utf-8", longest: int = LONGEST_LINE
) -> AsyncIterator[str]:
    """Yield the lines of a file without their ends.

    `ValueError` for a line of more than `longest` bytes, `UnicodeDecodeError` for what is no text.
    """
    async for block in _blocks(Path(path), longest):
        for line in block.splitlines():
            yield line.decode(encoding)


async def process_files(
    paths: Iterable[Name],
    work: Callable[[list[str]], Iterable[Any]],
    *,
    into: Name,
    batch: int = 1_000,
    at_once: int = 4,
) -> list[Processed]:
    """Hand the lines of each file to `work`, so many at a time, and save what it gives.

    `work` runs in threads, for up to `at_once` files at once. The results of `a.txt` are in
    `into/a.txt.jsonl`. A file that fails says why, and does not stop the others; the answers come in
    the order of the paths.
    """
    wanted = [Path(path) for path in paths]
    if len({path.name for path in wanted}) < len(wanted):
        raise ValueError("expected files with different names, got two with the same")
    folder = Path(into)
    await to_thread.run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
    answers: dict[Path, Processed] = {}
    limit = anyio.CapacityLimiter(at_once)

    async def one(path: Path) -> None:
        async with limit:
            answers[path] = await _processed(path, work, folder, batch)

    async with anyio.create_task_group() as tasks:
        for path in wanted:
            tasks.start_soon(one, path)
    return [answers[path] for path in wanted]


async def _processed(
    path: Path, work: Callable[[list[str]], Iterable[Any]], folder: Path, batch: int
) -> Processed:
    lines = 0

    async def results() -> AsyncIterator[bytes]:
        nonlocal lines
        async for some in _batches(read_lines(path), batch):
            lines += len(some)
            yield await to_thread.run_sync(_worked, work, some)

    try:
        saved = await save_results(folder / f"{path.name}.jsonl", results())
    except Exception as error:  # noqa: BLE001 - the user's function: its failure is the answer
        return Processed(path, lines, None, f"{type(error).__name__}: {error}")
    return Processed(path, lines, saved)


async def _batches(lines: AsyncIterator[str], size: int) -> AsyncIterator[list[str]]:
    waiting: list[str] = []
    async for line in lines:
        waiting.append(line)
        if len(waiting) == size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _worked(work: Callable[[list[str]], Iterable[Any]], lines: list[str]) -> bytes:
    return b"".join(map(_encoded, work(lines)))


async def _blocks(path: Path, longest: int) -> AsyncIterator[bytes]:
    """The file in pieces of whole lines."""
    file = await to_thread.run_sync(lambda: path.open("rb", buffering=0))
    try:
        held = b""
        while piece := await to_thread.run_sync(file.read, _READ):
            held += piece
            end = held.rfind(b"\n") + 1
            if end:
                yield held[:end]
                held = held[end:]
            elif len(held) > longest:
                raise ValueError(
                    f"expected lines of at most {longest} bytes in {path.name}, got more"
                )
        if held:
            yield held
    finally:
        file.close()


def _drafted(target: Path) -> Draft:
    return Draft(target.with_name(f".{target.name}.{uuid4().hex}.part"))


def _write_block(draft: Draft, results: Iterator[Any]) -> bool:
    """Take results until there is a block to write; False at their end."""
    for result in results:
        if draft.add(_encoded(result)):
            draft.write()
            return True
    return False


def _keep(draft: Draft, target: Path) -> Saved:
    draft.finish()
    os.replace(draft.path, target)
    sync_directory(target.parent)
    return Saved(target, draft.size, draft.sha256)


def _encoded(result: Any) -> bytes:
    match result:
        case bytes():
            return result
        case str():
            return result.encode() + b"\n"
    return orjson.dumps(result, option=_JSON)
