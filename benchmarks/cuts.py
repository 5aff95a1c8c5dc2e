"""Streams that are cut at random bytes by a proxy, with a reset, while the server is restarted in
between: every client resumes with the last id it has, and must end with the whole history.

    python -m benchmarks.cuts [STREAMS]
"""

import asyncio
import contextlib
import os
import random
import socket
import struct
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson

from benchmarks._service import data_dir, row, serving

JOBS = 10
EVENTS = 60
PACE = 0.1
CUTS = 4
"""Of so many connections and one more, all but one are cut."""
_LONGEST_PIECE = 20_000
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Viewer:
    """One client: what it has seen, over all of its connections."""

    path: str
    ids: list[int] = field(default_factory=list)
    ends: int = 0
    connections: int = 0

    @property
    def gaps(self) -> int:
        """Ids that never came."""
        return len(set(range(1, max(self.ids, default=0) + 1)) - set(self.ids))

    @property
    def duplicates(self) -> int:
        """Ids that came again."""
        return len(self.ids) - len(set(self.ids))

    @property
    def reorderings(self) -> int:
        """Ids that came after a larger one."""
        return sum(after < before for before, after in zip(self.ids, self.ids[1:], strict=False))


def main(streams: int = 1000) -> None:
    """Print what came of so many streams."""
    viewers = run(streams)
    row("streams, connections", f"{len(viewers)}, {sum(one.connections for one in viewers)}")
    row("gaps", str(sum(one.gaps for one in viewers)))
    row("duplicates", str(sum(one.duplicates for one in viewers)))
    row("reorderings", str(sum(one.reorderings for one in viewers)))
    row("ended exactly once", f"{sum(one.ends == 1 for one in viewers)} of {len(viewers)}")


def run(streams: int) -> list[Viewer]:
    """The viewers, after all of their jobs have ended."""
    os.environ |= {"HEADWAY_SLOTS": str(JOBS), "HEADWAY_MAX_STREAMS": str(2 * streams)}
    with data_dir() as directory:
        return asyncio.run(_watch(directory, streams))


async def _watch(directory: Path, streams: int) -> list[Viewer]:
    with ExitStack() as first:
        url = await asyncio.to_thread(first.enter_context, serving(directory))
        token = str(_call(f"{url}/token", b"username=alice&password=secret123")["access_token"])
        orders = [directory / f"orders-{number}" for number in range(JOBS)]
        paths = [_submit(url, token, one) for one in orders]
        proxy = Proxy(url)
        async with proxy.listening() as port:
            viewers = [Viewer(paths[number % JOBS]) for number in range(streams)]
            tasks = [asyncio.ensure_future(_follow(one, port, token)) for one in viewers]
            await _all_connected(viewers)
            await _order(orders, EVENTS)
            await asyncio.sleep(EVENTS * PACE / 2)
            await asyncio.to_thread(first.close)  # every stream ends, and nobody is there
            with ExitStack() as second:
                proxy.target = await asyncio.to_thread(second.enter_context, serving(directory))
                await _order(orders, EVENTS)
                await _order(orders, 0)
                await asyncio.wait_for(asyncio.gather(*tasks), 400)
        return viewers


async def _all_connected(viewers: list[Viewer]) -> None:
    """Wait until everybody watches, so that nobody reads it all from the history."""
    async with asyncio.timeout(300):
        while not all(one.connections for one in viewers):  # noqa: ASYNC110 - by many tasks
            await asyncio.sleep(0.1)


async def _order(orders: list[Path], count: int) -> None:
    """Have every job make so many more events; none at all ends it."""
    for one in orders:
        while one.exists():  # noqa: ASYNC110 - another process removes it
            await asyncio.sleep(0.02)
        draft = one.with_suffix(".new")
        draft.write_text(f"{count} {PACE}")
        draft.rename(one)


def _submit(url: str, token: str, orders: Path) -> str:
    body = orjson.dumps({"job_type": "publish", "input": {"orders": str(orders)}})
    return str(_call(f"{url}/api/v1/jobs", body, token)["poll_url"])


def _call(url: str, body: bytes, token: str = "") -> dict[str, object]:
    kind = "application/json" if token else "application/x-www-form-urlencoded"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    with urlopen(Request(url, body, headers, method="POST")) as answer:
        document: dict[str, object] = orjson.loads(answer.read())
        return document


async def _follow(viewer: Viewer, port: int, token: str) -> None:
    """Connect again with the last id until the end has come."""
    while not viewer.ends:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                last = viewer.ids[-1] if viewer.ids else 0
                writer.write(
                    f"GET {viewer.path}/stream HTTP/1.1\r\nHost: here\r\nLast-Event-ID: {last}\r\n"
                    f"Authorization: Bearer {token}\r\n\r\n".encode()
                )
                await reader.readuntil(b"\r\n\r\n")
                viewer.connections += 1
                async for block in _blocks(reader):
                    _note(viewer, block)
            finally:
                writer.close()
        await asyncio.sleep(random.uniform(0.2, 1.0))


async def _blocks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The whole events of a chunked answer; what is cut off in the middle is no event."""
    buffer = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        buffer += (await reader.readexactly(size + 2))[:-2]
        *whole, buffer = buffer.split(b"\n\n")
        for block in whole:
            yield block


def _note(viewer: Viewer, block: bytes) -> None:
    fields = dict(_fields(block))
    if b"id" in fields:
        viewer.ids.append(int(fields[b"id"]))
    viewer.ends += fields.get(b"event") == b"complete"


def _fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in block.split(b"\n"):
        name, _, value = line.partition(b": ")
        yield name, value


class Proxy:
    """Passes bytes on, and cuts each early connection after a random number of them, by a reset."""

    def __init__(self, target: str) -> None:
        self.target = target
        # The loop holds no task: one whose both sides are gone would be collected as it waits.
        self._lines: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Serve on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await _ended(list(self._lines))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            await self._connect(reader, writer)
        finally:
            self._lines.discard(line)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = urlsplit(self.target)
        try:
            far_reader, far_writer = await asyncio.open_connection(where.hostname, where.port)
        except OSError:
            writer.transport.abort()
            return
        with contextlib.suppress(asyncio.CancelledError):
            await self._pass_on(far_reader, far_writer, reader, writer)

    async def _pass_on(
        self,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        asking = asyncio.ensure_future(_pump(reader, far_writer, None))
        try:
            is_cut = random.random() < CUTS / (CUTS + 1)
            piece = random.randint(150, _LONGEST_PIECE) if is_cut else None
            await _pump(far_reader, writer, piece)
        finally:
            far_writer.transport.abort()
            _reset(writer)
            await _ended([asking])


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Have them end, and wait for it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536 if most is None else max(1, min(most, 65_536))):
            writer.write(data)
            await writer.drain()
            if most is not None:
                most -= len(data)
                if most <= 0:
                    return


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as a broken line does: what is on its way is lost."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
