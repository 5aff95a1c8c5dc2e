"""Connections that do what no honest client does: they send next to nothing, or never read."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_SMALL: Final = 4096
"""Bytes that wait for somebody who does not read: the fewer, the sooner the server notices."""


@dataclass
class One:
    """A connection, and how long it lived since it was left to itself."""

    line: socket.socket
    kind: str
    began: float
    ended: float | None = None


class Crowd:
    """Opens connections, and sees when the server has closed them."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self._poll = select.poll()
        self.all: dict[int, One] = {}

    def open(self, kind: str, sent: bytes) -> socket.socket:
        """One more, which has sent so much."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        line.settimeout(60)
        line.connect((self._where.hostname, self._where.port))
        line.sendall(sent)
        self.all[line.fileno()] = One(line, kind, time.monotonic())
        # Not for what could be read: of that nobody takes any.
        self._poll.register(line, select.POLLRDHUP)
        return line

    def leave(self, line: socket.socket) -> None:
        """Let it go."""
        self._poll.unregister(line)
        del self.all[line.fileno()]
        line.close()

    @property
    def open_ones(self) -> list[One]:
        """Those that the server has not closed."""
        return [one for one in self.all.values() if one.ended is None]

    def live(self, seconds: float, *, trickling: str = "") -> None:
        """Go on until all are closed or so many seconds are over. Those of the `trickling` kinds
        send a byte a second."""
        until, send_at = time.monotonic() + seconds, 0.0
        for one in self.all.values():
            one.began = time.monotonic()
        while self.open_ones and time.monotonic() < until:
            for number, _ in self._poll.poll(200):
                self.all[number].ended = time.monotonic()
                self._poll.unregister(number)
            if time.monotonic() >= send_at:
                send_at = time.monotonic() + 1
                for one in self.open_ones:
                    if trickling and one.kind.startswith(trickling):
                        with suppress(OSError):
                            one.line.send(b"x")

    def lives(self) -> Iterator[tuple[str, float]]:
        """What kind each closed one was of, and how long the server bore it."""
        for one in self.all.values():
            if one.ended is not None:
                yield one.kind, one.ended - one.began

    def close(self) -> None:
        """Close them all."""
        for one in self.all.values():
            one.line.close()


@contextmanager
def crowd(url: str) -> Iterator[Crowd]:
    """A crowd that is gone afterwards."""
    found = Crowd(url)
    try:
        yield found
    finally:
        found.close()
