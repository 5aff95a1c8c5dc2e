"""Reads many Server-Sent-Event streams with one thread: sockets, a selector, and no parser."""

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SENT = re.compile(rb'"sent":([0-9.]+)')


@dataclass
class Load:
    """So many listeners, and what they have received."""

    sockets: dict[int, socket.socket]
    poll: select.epoll
    received: int = 0
    first: float = 0.0
    last: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def read_until(self, events: int, seconds: float) -> None:
        """Read until so many events have come over all listeners, or the time is over."""
        deadline = time.monotonic() + seconds
        while self.received < events and time.monotonic() < deadline:
            self._read_once()

    def read_for(self, seconds: float) -> None:
        """Read whatever comes in so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read_once()

    def reset(self) -> None:
        """Forget what was received."""
        self.received, self.first, self.last, self.latencies = 0, 0.0, 0.0, []

    def _read_once(self) -> None:
        for number, _ in self.poll.poll(0.05):
            data = self.sockets[number].recv(1 << 18)
            if not data:
                self.poll.unregister(number)
                continue
            count = data.count(b"event: metric")
            if count:
                self.last = time.time()
                self.first = self.first or self.last
                self.received += count
                found = SENT.search(data)
                if found:
                    self.latencies.append(self.last - float(found[1]))


@contextlib.contextmanager
def listening(url: str, path: str, count: int, token: str = "") -> Iterator[Load]:
    """So many open streams on one path."""
    where = urlsplit(url)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    load = Load({}, select.epoll())
    try:
        for _ in range(count):
            sock = socket.create_connection((where.hostname or "", where.port or 80))
            sock.sendall(request.encode())
            load.sockets[sock.fileno()] = sock
            load.poll.register(sock, select.EPOLLIN)
            head = sock.recv(4096)
            assert head.startswith(b"HTTP/1.1 200"), head
        yield load
    finally:
        for sock in load.sockets.values():
            sock.close()
        load.poll.close()
