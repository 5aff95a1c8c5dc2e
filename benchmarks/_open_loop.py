"""Requests at a given rate, whether or not those before them were answered, over plain sockets.

A load that waits for answers before it asks again slows down with the service, and never overloads
it. One process of this can ask some ten thousand times a second.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

RETRY_SECONDS = 1.0
"""What `Retry-After` says."""


@dataclass
class Answers:
    """What came back: (seconds since it was due, status) each, and what could not be asked."""

    found: list[tuple[float, int]] = field(default_factory=list)
    not_asked: int = 0
    """Due when all connections were still waiting."""
    lost: int = 0
    is_over: bool = False
    """Nothing more is asked; what is answered by now is late."""
    in_time: int = 0
    """Accepted before. Of what waits at the end much is accepted, since nobody is in its way."""
    unguided: int = 0
    """Refusals that did not say when to come again."""

    def add(self, seconds: float, status: int) -> None:
        """Note an answer."""
        self.found.append((seconds, status))
        if status in (200, 202) and not self.is_over:
            self.in_time += 1

    def seconds(self, *statuses: int) -> list[float]:
        """How long the answers of these statuses took."""
        return [seconds for seconds, status in self.found if status in statuses]


class Connection(asyncio.Protocol):
    """One keep-alive connection; a request at a time."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._buffer = b""
        self._due: float | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pool.open_ones.add(self)
        self._pool.idle.append(self)

    def ask(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        due, self._due = self._due, None
        assert due is not None
        status = int(head[9:12])
        self._pool.answers.add(time.perf_counter() - due, status)
        if status in (429, 503) and b"\r\nretry-after: " not in head:
            self._pool.answers.unguided += 1
        self._pool.answered(self, status)

    def close(self) -> None:
        """Cut it, whatever is on its way."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.open_ones.discard(self)
        if self._due is not None:
            self._pool.answers.lost += 1
        if self in self._pool.idle:
            self._pool.idle.remove(self)
        self._pool.reopen()


class Pool:
    """Many connections to one service."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self._address = (host, port)
        self._request = request
        self._reopening: set[asyncio.Task[object]] = set()
        self._closed_loop_until = 0.0
        self._is_closed = False
        self.idle: deque[Connection] = deque()
        self.open_ones: set[Connection] = set()
        self.answers = Answers()

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, request: bytes, count: int) -> "AsyncIterator[Pool]":
        """So many connections, which are cut at the end."""
        where = urlsplit(url)
        pool = cls(where.hostname or "", where.port or 0, request)
        await pool.open(count)
        try:
            yield pool
        finally:
            pool.close()

    def close(self) -> None:
        """Cut all of them."""
        self._is_closed = True
        for one in list(self.open_ones):
            one.close()

    async def open(self, count: int) -> None:
        """Connect so many times."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            await loop.create_connection(lambda: Connection(self), *self._address)

    def reopen(self) -> None:
        """Connect once more for a connection that was cut."""
        if self._is_closed:
            return
        task = asyncio.ensure_future(
            asyncio.get_running_loop().create_connection(lambda: Connection(self), *self._address)
        )
        self._reopening.add(task)
        task.add_done_callback(self._reopening.discard)

    def answered(self, connection: Connection, status: int) -> None:
        """Ask on this connection again, after a refusal when it was told to; at once in a closed
        loop."""
        if status in (429, 503):
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._rested, connection)
        else:
            self.idle.append(connection)
        if time.perf_counter() < self._closed_loop_until:
            self._ask(time.perf_counter())

    def _rested(self, connection: Connection) -> None:
        if connection in self.open_ones:
            self.idle.append(connection)

    async def closed_loop(self, connections: int, seconds: float) -> float:
        """Answers a second, when each connection asks again as soon as it is answered."""
        self.answers = Answers()
        began = time.perf_counter()
        self._closed_loop_until = began + seconds
        for _ in range(connections):
            self._ask(began)
        await asyncio.sleep(seconds + 1)
        return len(self.answers.seconds(200, 202)) / seconds

    async def open_loop(
        self, rate: float, seconds: float, *, until: "asyncio.Future[Any] | None" = None
    ) -> Answers:
        """Ask at this rate for so long, or until something is over; wait for the last answers."""
        answers = self.answers = Answers()
        began = time.perf_counter()
        asked = 0
        while (now := time.perf_counter()) < began + seconds and not (until and until.done()):
            while asked < (now - began) * rate:
                self._ask(began + asked / rate)
                asked += 1
            await asyncio.sleep(0.002)
        answers.is_over = True
        for _ in range(200):
            if len(answers.found) + answers.not_asked + answers.lost >= asked:
                break
            await asyncio.sleep(0.05)
        return answers

    def _ask(self, due: float) -> None:
        if self.idle:
            self.idle.popleft().ask(self._request, due)
        else:
            self.answers.not_asked += 1
