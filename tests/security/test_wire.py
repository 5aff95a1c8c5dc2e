"""What two readers of HTTP/1.1 could understand differently is refused, and the connection closed."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.security.server import Server, serving

HIDDEN = b"GET /healthz?hidden HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def server(clean_session: None) -> Iterator[Server]:
    with serving() as server:
        yield server


def answers(server: Server, data: bytes, *, ends: bool = True) -> list[int]:
    """The status of every answer on a connection that sends this, until the server closes it."""
    with server.connect() as one:
        one.sendall(data)
        if ends:
            one.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := one.recv(65_536):
            pieces.append(piece)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", b"".join(pieces))]


def post(headers: bytes, body: bytes) -> bytes:
    return b"POST /token HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n" + body


SMUGGLED = {
    "a length and chunks": post(
        b"Content-Length: %d\r\nTransfer-Encoding: chunked" % (len(HIDDEN) + 5),
        b"0\r\n\r\n" + HIDDEN,
    ),
    "chunks and a length": post(
        b"Transfer-Encoding: chunked\r\nContent-Length: 4", b"0\r\n\r\n" + HIDDEN
    ),
    "two lengths": post(b"Content-Length: 0\r\nContent-Length: %d" % len(HIDDEN), HIDDEN),
    "a list of lengths": post(b"Content-Length: 0, %d" % len(HIDDEN), HIDDEN),
    "a signed length": post(b"Content-Length: +0", HIDDEN),
    "a hexadecimal length": post(b"Content-Length: 0x0", HIDDEN),
    "chunks by another name": post(b"Transfer-Encoding: xchunked", b"0\r\n\r\n" + HIDDEN),
    "chunks that are not last": post(
        b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + HIDDEN
    ),
    "a chunk of negative size": post(b"Transfer-Encoding: chunked", b"-1\r\n\r\n" + HIDDEN),
    "a chunk of endless size": post(
        b"Transfer-Encoding: chunked", b"f" * 40 + b"\r\n\r\n" + HIDDEN
    ),
    "a space before the colon": post(b"Content-Length : %d" % len(HIDDEN), HIDDEN),
    "a folded header": post(b"X: a\r\n Content-Length: 5", b"hello"),
    "a NUL in a header": post(b"X: a\0b", b""),
    "a bare CR in a header": post(b"X: a\rContent-Length: 5", b"hello"),
}


@pytest.mark.parametrize("data", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_a_request_with_two_readings_is_not_followed_by_another(
    server: Server, data: bytes
) -> None:
    """What stands behind it is never taken for a request of its own."""
    found = answers(server, data)
    assert 200 not in found
    assert len(found) <= 1
    assert server.complaints() == []


def test_a_host_is_not_two(server: Server) -> None:
    """Nothing of ours is decided by it, whichever is read."""
    found = answers(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert found in ([400], [200])


def test_an_absolute_target_leads_nowhere_else(server: Server) -> None:
    """The server is no proxy."""
    found = answers(server, b"GET http://evil.example/healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert found in ([400], [404], [200])


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    two = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n"
    assert answers(server, two + b"Connection: close\r\n\r\n", ends=False) == [200, 404]


@pytest.mark.parametrize("count", [1, 10_000])
def test_headers_without_end_are_refused(server: Server, count: int) -> None:
    """One of a megabyte, and ten thousand of a hundred bytes."""
    line = b"X-%d: " + b"x" * (1_000_000 // count)
    headers = b"\r\n".join(line % one for one in range(count))
    data = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n"
    try:
        found = answers(server, data)
    except OSError:
        found = []
    assert found in ([], [431])  # nothing, where the connection was reset before it was read
    assert server.answers()
    assert server.complaints() == []
