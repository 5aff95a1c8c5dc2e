"""Who neither sends nor reads loses his connection; the others keep theirs."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from headway.cli import connections
from headway.cli.connections import BoundedConnection

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LARGE = 1 << 20


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends as much as the other side reads, up to a hundred pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(100):
        await send({"type": "http.response.body", "body": b"x" * LARGE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server whose application sends a hundred megabytes."""
    config = uvicorn.Config(endless, http=BoundedConnection, log_level="critical", lifespan="off")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedConnection(config, state, {}), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)


async def ended(reader: asyncio.StreamReader) -> None:
    """Return once the connection is gone."""
    try:
        while await asyncio.wait_for(reader.read(LARGE), 30):
            pass
    except ConnectionError:
        pass


async def test_headers_that_never_end_are_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they come byte by byte or not at all."""
    monkeypatch.setattr(connections, "HEADERS_SECONDS", 0.2)
    silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
    slow, slow_writer = await asyncio.open_connection("127.0.0.1", port)
    slow_writer.write(REQUEST[:10])
    await ended(silent)
    await ended(slow)
    for writer in (silent_writer, slow_writer):
        writer.close()


async def test_an_answer_that_nobody_reads_is_cut(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though megabytes of it are waiting to be sent."""
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.2)
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        await loop.sock_sendall(sock, REQUEST)
        await asyncio.sleep(1.0)  # not reading is what this is about
        received = 0
        try:
            while data := await asyncio.wait_for(loop.sock_recv(sock, LARGE), 30):
                received += len(data)
        except ConnectionError:
            pass
    assert received < 50 * LARGE


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
