"""Requests by hand, and as much of the answers as it takes to see who is let in."""

import socket
import struct
from typing import Final
from urllib.parse import urlsplit

from tests.crash.matrix import Tally
from tests.crash.rows.api import JOBS, Server

TRY_LATER: Final = 1013
_CLOSE_FRAME: Final = 0x88
"""The first byte of a WebSocket's last words, of which the first two say why."""


def request(server: Server, line: str, *more: str) -> bytes:
    """A request with our token and no body."""
    lines = [f"Host: {urlsplit(server.url).netloc}", *more]
    lines.append(f"Authorization: {server.headers['Authorization']}")
    return (f"{line} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


def begun(server: Server, kind: str) -> bytes:
    """A head that never ends, or a body of which nothing has come."""
    whole = request(
        server, f"POST {JOBS}", "Content-Type: application/json", "Content-Length: 100000"
    )
    return whole if kind == "body" else whole[:-2] + b"X-Slow: "


def viewing(server: Server, job: str, kind: str) -> bytes:
    """Asks for all that ever happened to the job."""
    if kind == "stream":
        return request(server, f"GET {job}/stream?after=0")
    return request(
        server,
        f"GET /ws/jobs/{job.rpartition('/')[2]}?after=0",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )


def is_let_in(line: socket.socket, kind: str, tally: Tally) -> bool:
    """Whether something is shown. Who is not let in must be told so in the right words."""
    head = _read_head(line)
    if kind == "stream":
        status = head.split(b" ")[1]
        if status not in (b"200", b"429"):
            tally.broken(f"a stream was answered with {status!r}")
        return status == b"200"
    if not head.startswith(b"HTTP/1.1 101"):
        tally.broken(f"a socket was answered with {head[:20]!r}")
        return False
    kind_of_frame, _ = _read(line, 2)
    if kind_of_frame == _CLOSE_FRAME:
        (code,) = struct.unpack("!H", _read(line, 2))
        if code != TRY_LATER:
            tally.broken(f"a socket was closed with {code}")
    return kind_of_frame != _CLOSE_FRAME


def _read_head(line: socket.socket) -> bytes:
    """The head of an answer and nothing behind it, which nobody is to read."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _read(line, 1)
    return head


def _read(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += line.recv(size - len(found)) or _gone()
    return found


def _gone() -> bytes:
    raise ConnectionError("expected an answer, and the connection was closed")
