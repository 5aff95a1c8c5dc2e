"""Reads many Server-Sent-Event streams with one thread: sockets, a selector, and no parser."""

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_NAME = b"event: metric"
SENT = re.compile(rb'"sent": ?([0-9.]+)')
_BUFFER = memoryview(bytearray(1 << 18))
"""One for all: to make one of this size for each read takes three times as long as to read."""
SAMPLED = 50
"""Of so many listeners, spread over all of them, the moment of receipt is noted."""


@dataclass
class Load:
    """So many listeners, and what they have received."""

    sockets: dict[int, socket.socket]
    poll: select.epoll
    arrived: list[tuple[int, float, bytes]] = field(default_factory=list)
    """What was read, of whom and when, and is not counted yet."""
    sampled: set[int] = field(default_factory=set)
    tails: dict[int, bytes] = field(default_factory=dict)
    received: int = 0
    first: float = 0.0
    last: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def read_until(self, events: int, seconds: float) -> None:
        """Read until so many events have come over all listeners, or the time is over."""
        deadline = time.monotonic() + seconds
        while self.received < events and time.monotonic() < deadline:
            self._read_once()
        self._count()

    def read_for(self, seconds: float) -> None:
        """Read whatever comes in so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read_once()
        self._count()

    def reset(self) -> None:
        """Forget what was received."""
        self.received, self.first, self.last, self.latencies = 0, 0.0, 0.0, []

    def _read_once(self) -> None:
        ready = self.poll.poll(0.02)
        for number, _ in ready:
            size = self.sockets[number].recv_into(_BUFFER)
            if size:
                self.arrived.append((number, time.time(), _BUFFER[:size].tobytes()))
            else:
                self.poll.unregister(number)
        if not ready:
            self._count()

    def _count(self) -> None:
        """Look at what was read, in a moment when nothing waits to be read: the next in line would
        wait for that too, and the server be blamed for it."""
        for number, moment, data in self.arrived:
            whole = self.tails.get(number, b"") + data
            self.received += whole.count(_NAME)
            self.tails[number] = whole[1 - len(_NAME) :]  # a name may be cut in two
            self.last = moment
            if number in self.sampled:
                self._sample(whole)
        self.arrived.clear()

    def _sample(self, data: bytes) -> None:
        found = SENT.search(data)
        if found:
            made = float(found[1])
            self.first = min(self.first or made, made)
            self.latencies.append(self.last - made)


@contextlib.contextmanager
def listening(url: str, paths: Sequence[str], token: str = "") -> Iterator[Load]:
    """An open stream on each of the paths, which may be the same."""
    where = urlsplit(url)
    load = Load({}, select.epoll())
    try:
        for number, path in enumerate(paths):
            request = (
                f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                f"Authorization: Bearer {token}\r\n\r\n"
            )
            sock = socket.create_connection((where.hostname or "", where.port or 80))
            sock.sendall(request.encode())
            load.sockets[sock.fileno()] = sock
            load.poll.register(sock, select.EPOLLIN)
            if number % max(1, len(paths) // SAMPLED) == 0:
                load.sampled.add(sock.fileno())
            head = sock.recv(4096)
            assert head.startswith(b"HTTP/1.1 200"), head
        yield load
    finally:
        for sock in load.sockets.values():
            sock.close()
        load.poll.close()
