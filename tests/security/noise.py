"""Bytes that nobody planned for, on the sockets of a real server: HTTP and WebSocket frames."""

import base64
import os
import random
import socket
import struct
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.security.server import Server

_PATHS = (
    *("/", "/token", "/imports", "/imports/x", "/healthz", "/openapi.json", "/api/v1/jobs"),
    *("/api/v1/jobs/x/stream", "/api/v1/predict", "/api/v1/files", "/ws/jobs/x", "/ws/jobs"),
)
_HEADERS = (
    *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Expect: 100-continue"),
    *(b"Content-Type: multipart/form-data; boundary=x", b"Content-Type: application/json"),
    *(b"Content-Type: text/csv", b"Range: bytes=0-", b"Prefer: wait=1", b"Origin: http://[::1"),
    *(b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"),
    *(b"Sec-WebSocket-Key: x", b"Authorization: Bearer x", b"Idempotency-Key: a"),
)
_BODIES = (b"{}", b"[]", b"--x\r\n", b"--x--\r\n", b"text,label\na,b\n", b"5\r\nhello\r\n0\r\n\r\n")


@dataclass
class Tally:
    """What was sent, and what came back."""

    connections: int = 0
    sockets: int = 0
    """WebSockets that were opened."""
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    asked: int = 0
    """Times that the service was asked meanwhile whether it answers."""
    unanswered: int = 0
    memory: list[int] = field(default_factory=list)
    """Resident bytes, once a second."""

    @property
    def server_errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def growth(self) -> int:
        """Bytes between the first fifth of the time and the last: the least of each, so that what
        is only there for a moment does not count."""
        fifth = max(1, len(self.memory) // 5)
        return min(self.memory[-fifth:]) - min(self.memory[:fifth])


def make_noise(server: Server, seconds: float, *, seed: int, least: int = 0) -> Tally:
    """Send for so long, and on at least so many connections; one at a time, as fast as it goes."""
    chance = random.Random(seed)
    tally = Tally()
    token = server.sign_in()["Authorization"]
    ends = time.monotonic() + seconds
    look_at = 0.0
    while time.monotonic() < ends or tally.connections < least:
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + 1
            tally.asked += 1
            tally.unanswered += not server.answers()
            tally.memory.append(server.memory())
        with suppress(OSError), server.connect() as one:
            tally.connections += 1
            if chance.random() < 0.3:
                _talk_frames(one, chance, tally, token)
            else:
                _talk_http(one, chance, tally)
    return tally


def _talk_http(one: socket.socket, chance: random.Random, tally: Tally) -> None:
    for _ in range(chance.randint(1, 4)):
        data = chance.choice((_garbage, _request, _mutated))(chance)
        one.sendall(data)
        tally.sent += len(data)
    one.shutdown(socket.SHUT_WR)
    answer = _all(one)
    for line in answer.split(b"\r\n"):
        if line.startswith(b"HTTP/1.1 ") and line[9:12].isdigit():
            tally.statuses[int(line[9:12])] += 1


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 10, 100, 5_000, 70_000)))


def _request(chance: random.Random) -> bytes:
    method = chance.choice((b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"BREW"))
    headers = [b"Host: localhost", *chance.sample(_HEADERS, chance.randint(0, 6))]
    path = chance.choice(_PATHS).encode()
    body = chance.choice((*_BODIES, chance.randbytes(50)))
    return b"%s %s HTTP/1.1\r\n%s\r\n\r\n%s" % (method, path, b"\r\n".join(headers), body)


def _mutated(chance: random.Random) -> bytes:
    data = bytearray(_request(chance))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 9)]
                data += b"\n"
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 9))
    return bytes(data)


def _talk_frames(one: socket.socket, chance: random.Random, tally: Tally, token: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    known = f"Authorization: {token}\r\n" if chance.random() < 0.5 else ""
    one.sendall(
        f"GET {chance.choice(('/ws/jobs/x', '/ws/jobs'))} HTTP/1.1\r\nHost: localhost\r\n{known}"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    status = one.recv(4_096)[9:12]
    tally.statuses[int(status) if status.isdigit() else 0] += 1
    tally.sockets += status == b"101"
    for _ in range(chance.randint(1, 5)):
        data = _frame(chance)
        one.sendall(data)
        tally.sent += len(data)
    one.shutdown(socket.SHUT_WR)
    _all(one)


def _frame(chance: random.Random) -> bytes:
    """A frame with any opcode and reserved bits, masked or not, whose length may be a lie."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randint(1, 300))
    payload = chance.choice(
        (
            b'{"action":"subscribe","job_id":"x"}',
            b'{"token":"x"}',
            chance.randbytes(chance.randint(0, 200)),
            b"[" * 70_000,
        )
    )
    told = chance.choice((len(payload), len(payload), 2**63 - 1, 0))
    first = chance.choice((0x81, 0x82, 0x88, 0x89, 0x8A, 0x01, 0x00, 0xF1, chance.randrange(256)))
    masked = chance.random() < 0.8
    head = bytes([first, (0x80 if masked else 0) | 127]) + struct.pack(">Q", told)
    if not masked:
        return head + payload
    mask = chance.randbytes(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def _all(one: socket.socket) -> bytes:
    """What it answers until it closes, or for two seconds: a stream may have opened."""
    one.settimeout(2)
    pieces = []
    with suppress(OSError):
        while piece := one.recv(65_536):
            pieces.append(piece)
            if len(pieces) > 50:
                break
    return b"".join(pieces)
