"""Who neither sends nor reads loses his connection; the others keep theirs."""

import asyncio
import select
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from headway.server import connection, unread
from headway.server.connection import BoundedConnection

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
LARGE = 1 << 20


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends as much as the other side reads, up to a hundred pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(100):
        await send({"type": "http.response.body", "body": b"x" * LARGE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def patient(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once the whole body has come, with its size."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})


@pytest.fixture
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """A server whose application sends a hundred megabytes, or is another one."""
    application = getattr(request, "param", endless)
    config = uvicorn.Config(
        application,
        http=BoundedConnection,
        ws=unread.BoundedSocket,
        log_level="critical",
        lifespan="off",
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedConnection(config, state, {}), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for open_one in list(state.connections):
        open_one.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)


async def ended(reader: asyncio.StreamReader) -> None:
    """Return once the connection is gone."""
    try:
        while await asyncio.wait_for(reader.read(LARGE), 30):
            pass
    except ConnectionError:
        pass


async def endless_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Says as much as the other side hears, up to a hundred megabytes."""
    await receive()
    await send({"type": "websocket.accept"})
    for _ in range(100):
        await send({"type": "websocket.send", "text": "x" * LARGE})


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def read_on(sock: socket.socket, taken: list[int]) -> None:
    """Take what comes, to its end, and count it."""
    while data := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, LARGE), 30):
        taken.append(len(data))


def until_reset(sock: socket.socket) -> None:
    """Return once the connection is gone, without reading from it."""
    broken = select.poll()
    broken.register(sock, 0)  # that it is broken is always told, and that it can be read is not
    assert broken.poll(30_000), "expected the connection to be cut within 30 s"


async def test_headers_that_never_end_are_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they come byte by byte or not at all."""
    monkeypatch.setattr(connection, "HEADERS_SECONDS", 0.2)
    silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
    slow, slow_writer = await asyncio.open_connection("127.0.0.1", port)
    slow_writer.write(REQUEST[:10])
    await ended(silent)
    await ended(slow)
    for writer in (silent_writer, slow_writer):
        writer.close()


MANY = b"".join(b"X-%d: y\r\n" % one for one in range(10_000))
ENDLESS = b"X: " + b"y" * 100_000


@pytest.mark.parametrize(
    "head",
    [MANY, MANY + b"\r\n", ENDLESS, ENDLESS + b"\r\n\r\n"],
    ids=["many without an end", "many", "long without an end", "long"],
)
async def test_more_headers_than_anybody_needs_are_refused(port: int, head: bytes) -> None:
    """S34: with a 431, and the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n" + head)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json\r\n" in answer
    await ended(reader)
    writer.close()


async def test_headers_come_as_slowly_as_they_like_within_their_time(port: int) -> None:
    """Bytes of an earlier request are not counted against a later one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        for piece in (b"HEAD / HTTP/1.1\r\nHost: here\r\nX: ", b"y" * 30_000, b"\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.01)  # so that they come apart
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert answer.startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize(
    ("port", "asked"),
    [(endless, REQUEST), (endless_socket, HANDSHAKE)],
    indirect=["port"],
    ids=["answer", "socket"],
)
async def test_what_nobody_reads_is_cut(
    port: int, asked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though megabytes of it are waiting to be sent."""
    for kind in (unread.ReadConnection, unread.BoundedSocket):
        monkeypatch.setattr(kind, "patience", 0.2)
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        await loop.sock_sendall(sock, asked)
        await asyncio.to_thread(until_reset, sock)
        taken: list[int] = []
        with pytest.raises(ConnectionError):  # the system does not keep the rest for him either
            await read_on(sock, taken)
    assert sum(taken) < LARGE


async def test_the_system_takes_little_of_what_nobody_reads() -> None:
    """The rest waits where it is seen: some hundred kilobytes, and not three megabytes."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listening, socket.socket() as silent:
        unread.hold_little(listening)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect(listening.getsockname())
        accepted, _ = listening.accept()
        with accepted:
            accepted.setblocking(False)
            taken = 0
            with suppress(TimeoutError):
                while True:
                    await asyncio.wait_for(loop.sock_sendall(accepted, b"x" * 10_000), 0.5)
                    taken += 10_000
    assert taken < 4 * unread.HELD


async def test_who_reads_gets_all_of_it(port: int) -> None:
    """However often the server has to wait for him."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    received = 0
    while received < 100 * LARGE:
        data = await asyncio.wait_for(reader.read(LARGE), 30)
        assert data
        received += len(data)
    writer.close()


@pytest.mark.parametrize("port", [patient], indirect=True)
async def test_a_body_that_comes_byte_by_byte_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one of which nothing comes; the application is told that the client is gone."""
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)
    silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
    slow, slow_writer = await asyncio.open_connection("127.0.0.1", port)
    for writer in (silent_writer, slow_writer):
        writer.write(POST % 100_000)
    gone = asyncio.ensure_future(ended(slow))
    while not gone.done():
        slow_writer.write(b"x")
        await asyncio.wait([gone], timeout=0.02)
    await gone
    await ended(silent)
    for writer in (silent_writer, slow_writer):
        writer.close()


@pytest.mark.parametrize("port", [patient], indirect=True)
async def test_a_body_that_comes_slowly_but_surely_is_taken(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes in all, and whatever else is asked on its connection later."""
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(connection, "LEAST_BODY", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop, size = asyncio.get_running_loop(), 0
    writer.write(POST % 100_000)
    until = loop.time() + 1  # that it lasts is what this is about
    while loop.time() < until:
        writer.write(b"x" * 100)
        size += 100
        await asyncio.sleep(0.05)
    writer.write(b"x" * (100_000 - size))
    answer = await asyncio.wait_for(reader.readuntil(b"100000"), 30)
    assert answer.startswith(b"HTTP/1.1 200")
    writer.close()
