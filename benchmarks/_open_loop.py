"""Requests at a given rate, whether or not those before them were answered, over plain sockets.

A load that waits for answers before it asks again slows down with the service, and never overloads
it. One process of this can ask some ten thousand times a second.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Answers:
    """What came back: (seconds since it was due, status) each, and what could not be asked."""

    found: list[tuple[float, int]] = field(default_factory=list)
    not_asked: int = 0
    """Due when all connections were still waiting."""
    lost: int = 0

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
        self._pool.answers.found.append((time.perf_counter() - due, int(head[9:12])))
        self._pool.idle.append(self)
        self._pool.answered()

    def connection_lost(self, exc: Exception | None) -> None:
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
        self.idle: deque[Connection] = deque()
        self.answers = Answers()

    async def open(self, count: int) -> None:
        """Connect so many times."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            await loop.create_connection(lambda: Connection(self), *self._address)

    def reopen(self) -> None:
        """Connect once more for a connection that was cut."""
        task = asyncio.ensure_future(
            asyncio.get_running_loop().create_connection(lambda: Connection(self), *self._address)
        )
        self._reopening.add(task)
        task.add_done_callback(self._reopening.discard)

    def answered(self) -> None:
        """In a closed loop, ask again."""
        if time.perf_counter() < self._closed_loop_until:
            self._ask(time.perf_counter())

    async def closed_loop(self, connections: int, seconds: float) -> float:
        """Answers a second, when each connection asks again as soon as it is answered."""
        self.answers = Answers()
        began = time.perf_counter()
        self._closed_loop_until = began + seconds
        for _ in range(connections):
            self._ask(began)
        await asyncio.sleep(seconds + 1)
        return len(self.answers.seconds(200, 202)) / seconds

    async def open_loop(self, rate: float, seconds: float) -> Answers:
        """Ask at this rate; wait a moment for the last answers."""
        answers = self.answers = Answers()
        began = time.perf_counter()
        asked = 0
        while (now := time.perf_counter()) < began + seconds:
            while asked < (now - began) * rate:
                self._ask(began + asked / rate)
                asked += 1
            await asyncio.sleep(0.002)
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
