"""Files in async code: nothing waits, nothing grows, nothing is torn."""

import asyncio
import hashlib
import json
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headway.files import process_files, read_lines, save_results


async def lines_of(path: Path, **options: int) -> list[str]:
    return [line async for line in read_lines(path, **options)]  # type: ignore[arg-type]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_results_are_saved_as_lines(tmp_path: Path) -> None:
    """Values as JSON, text as it is, bytes untouched; with the size and the hash of the file."""
    saved = await save_results(tmp_path / "r.jsonl", [{"a": 1}, "text", b"raw\n", [1.5, None]])
    content = b'{"a":1}\ntext\nraw\n[1.5,null]\n'
    assert saved.path.read_bytes() == content
    assert (saved.size, saved.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await lines_of(saved.path) == ['{"a":1}', "text", "raw", "[1.5,null]"]


async def test_async_results_are_saved_as_they_come(tmp_path: Path) -> None:
    """Of any number."""

    async def results() -> AsyncIterator[str]:
        for number in range(50_000):
            if number % 10_000 == 0:
                await asyncio.sleep(0)
            yield f"line {number}"

    saved = await save_results(tmp_path / "r", results())
    found = await lines_of(saved.path)
    assert (len(found), found[-1]) == (50_000, "line 49999")


async def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """What was there before stays; nothing temporary is left."""
    (tmp_path / "r").write_text("before")

    def broken() -> Iterator[str]:
        yield "x" * (2 << 20)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        await save_results(tmp_path / "r", broken())
    assert names_in(tmp_path) == ["r"]
    assert (tmp_path / "r").read_text() == "before"


async def test_lines_end_as_lines_do(tmp_path: Path) -> None:
    """With or without a carriage return, the last one without any, in any encoding that is named."""
    (tmp_path / "f").write_bytes("caf\xe9\r\n\nlast".encode("latin-1"))
    found = [line async for line in read_lines(tmp_path / "f", encoding="latin-1")]
    assert found == ["caf\xe9", "", "last"]
    (tmp_path / "f").write_bytes(b"x" * 600_000)
    with pytest.raises(ValueError, match="expected lines of at most 500000 bytes in f"):
        await lines_of(tmp_path / "f", longest=500_000)


async def test_many_files_are_processed_at_once(tmp_path: Path) -> None:
    """In order, each with its results; one that fails says why and stops no other."""
    paths = [tmp_path / f"{number}.txt" for number in range(6)]
    for number, path in enumerate(paths):
        path.write_text("".join(f"{number} {line}\n" for line in range(2_500)))
    paths[3].write_bytes(b"\xff\xfe\n")

    def work(lines: list[str]) -> Iterable[dict[str, str]]:
        assert len(lines) <= 1_000
        return [{"upper": line.upper()} for line in lines]

    found = await process_files([*paths, tmp_path / "none.txt"], work, into=tmp_path / "out")
    assert [one.path for one in found] == [*paths, tmp_path / "none.txt"]
    assert [one.error is None for one in found] == [True, True, True, False, True, True, False]
    assert "UnicodeDecodeError" in str(found[3].error)
    assert "FileNotFoundError" in str(found[6].error)
    assert found[5].saved is not None
    results = [json.loads(line) for line in found[5].saved.path.read_text().splitlines()]
    assert (len(results), results[-1]) == (2_500, {"upper": "5 2499"})
    assert len(names_in(tmp_path / "out")) == 5


@asynccontextmanager
async def turns() -> AsyncIterator[list[int]]:
    """How often the loop came by so far, as the only number."""
    count = [0]

    async def turn() -> None:
        while True:
            await asyncio.sleep(0.001)
            count[0] += 1

    task = asyncio.create_task(turn())
    try:
        yield count
    finally:
        task.cancel()


async def test_the_loop_goes_on_while_a_large_file_is_processed(tmp_path: Path) -> None:
    """It comes by again and again, and is never held for a large part of the whole work."""
    path = tmp_path / "large.txt"
    path.write_bytes(b"some words of a text that is not very long\n" * 500_000)
    turn_of_call: list[int] = []

    async with turns() as count:

        def work(lines: list[str]) -> Iterable[str]:
            turn_of_call.append(count[0])
            return [line.title() for line in lines]

        (found,) = await process_files([path], work, into=tmp_path / "out")
    assert found.lines == 500_000
    calls_of_turn = Counter(turn_of_call)
    assert len(calls_of_turn) > 20
    assert max(calls_of_turn.values()) < 0.5 * len(turn_of_call)


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A few blocks, for reading and for writing."""
    path = tmp_path / "large.txt"
    path.write_bytes(b"some words of a text that is not very long\n" * 400_000)
    tracemalloc.start()
    try:
        await process_files([path], lambda lines: lines, into=tmp_path / "out", batch=500)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
