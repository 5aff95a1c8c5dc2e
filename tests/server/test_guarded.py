"""A server with too much to do refuses at the door: whole requests, in full, at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from headway.http.border import Border
from headway.http.in_flight import InFlight, Place
from headway.http.turns import SHARE
from headway.server.guarded import GuardedConnection

GET = b"GET /api/v1/jobs HTTP/1.1\r\nHost: here\r\n"
POST = b"POST /api/v1/jobs HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody"


@dataclass
class Server:
    """One that listens, and what it counts."""

    port: int
    in_flight: InFlight
    begun: asyncio.Event
    """Set once the application works on a request."""

    def fill(self) -> list[Place]:
        """Leave no place for anybody."""
        return [Place(self.in_flight) for _ in range(self.in_flight.pace.most)]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def ask(self, request: bytes) -> Answer:
        """Send, and read one answer."""
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> Answer:
        """Read one answer."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 30)
        first, *lines = head.decode().rstrip().split("\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split()[1]), headers, body)

    async def ended(self) -> bool:
        """Whether the server has closed it."""
        return await asyncio.wait_for(self._reader.read(), 30) == b""


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server with two places, and our border. It answers with the length of the body."""
    in_flight = InFlight(2)
    begun = asyncio.Event()

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        told = str(size).encode()
        headers = [(b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    app = Border(answering, in_flight, local_only=False, is_bare=True)
    kind = GuardedConnection.of(in_flight)
    config = uvicorn.Config(app, http=kind, log_level="critical", lifespan="off")
    config.load()
    state = ServerState()
    listening = await asyncio.get_running_loop().create_server(
        lambda: kind(config, state, {}), "127.0.0.1", 0
    )
    yield Server(listening.sockets[0].getsockname()[1], in_flight, begun)
    listening.close()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)


@pytest.fixture
async def line(server: Server) -> AsyncIterator[Line]:
    opened = Line(*await asyncio.open_connection("127.0.0.1", server.port))
    yield opened
    opened.writer.close()


async def test_what_is_refused_is_told_all_that_a_problem_says(server: Server, line: Line) -> None:
    """With when to come again, and the client's own request id."""
    server.fill()
    answer = await line.ask(GET + b"X-Request-ID: mine\r\n\r\n")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == "mine"
    told = json.loads(answer.body)
    assert (told["status"], told["code"], told["limit"]) == (503, "overloaded", 2)
    assert (told["instance"], told["request_id"]) == ("/api/v1/jobs", "mine")
    assert server.in_flight.refused == 1


async def test_an_id_in_a_body_is_nobody_s(server: Server, line: Line) -> None:
    server.fill()
    body = b"\r\nX-Request-ID: forged\r\n"
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = await line.ask(head + body)
    assert answer.status == 503
    assert answer.headers["x-request-id"] != "forged"


async def test_the_connection_goes_on_when_there_is_room_again(server: Server, line: Line) -> None:
    """It is not read from for a moment, and then it is as good as new."""
    places = server.fill()
    assert (await line.ask(POST)).status == 503
    places[0].end()
    answer = await line.ask(POST)
    assert (answer.status, answer.body) == (200, b"4")
    assert (await line.ask(GET + b"\r\n")).status == 200


async def test_requests_that_come_together_are_each_answered(server: Server, line: Line) -> None:
    server.fill()
    assert (await line.ask(POST + GET + b"\r\n" + POST)).status == 503
    assert [(await line.answer()).status for _ in range(2)] == [503, 503]
    assert server.in_flight.refused == 3


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_who_watches_over_the_service_is_answered(
    server: Server, line: Line, path: str
) -> None:
    server.fill()
    assert (await line.ask(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())).status == 200


async def test_a_request_in_pieces_is_refused_too(server: Server, line: Line) -> None:
    """When its headers are whole, by the border."""
    server.fill()
    line.writer.write(GET[:20])
    await asyncio.sleep(0.05)  # so that the rest comes by itself
    answer = await line.ask(GET[20:] + b"\r\n")
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "overloaded")


async def test_what_was_begun_before_is_answered(server: Server, line: Line) -> None:
    """Its body may still come, though there is no room for others by then."""
    line.writer.write(POST[:-2])
    await server.begun.wait()
    server.fill()
    answer = await line.ask(POST[-2:])
    assert (answer.status, answer.body) == (200, b"4")


async def test_who_says_close_is_closed(server: Server, line: Line) -> None:
    server.fill()
    assert (await line.ask(GET + b"Connection: close\r\n\r\n")).status == 503
    assert await line.ended()


async def test_what_is_no_request_is_none_here_either(server: Server, line: Line) -> None:
    server.fill()
    assert (await line.ask(b"NO SUCH THING\r\n\r\n")).status == 400


async def test_arrivals_of_one_turn_of_the_loop_count_each_other(server: Server) -> None:
    """Ten that come at once find two places."""
    lines = [Line(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(10)]
    for one in lines:
        one.writer.write(POST)
    answers = [await one.answer() for one in lines]
    assert sorted({one.status for one in answers}) == [200, 503]
    assert server.in_flight.count == 0
    for one in lines:
        one.writer.close()


async def test_a_user_below_his_share_is_let_in_past_the_others(
    server: Server, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever nobody knows, as long as there is room for as many again."""
    in_flight = server.in_flight
    monkeypatch.setattr(in_flight.pace, "took", lambda *_: None)  # nothing is learned here
    in_flight.pace.most = 8
    for _ in range(2):
        Place(in_flight)
    bob = GET + b"Authorization: Bearer his\r\n\r\n"
    assert (await line.ask(bob)).status == 200
    in_flight.turns.introduce(b"Bearer his", "bob")
    assert (await line.ask(bob)).status == 200
    for _ in range(SHARE):
        in_flight.turns.enter("bob")
    assert (await line.ask(bob)).status == 503
    in_flight.turns.leave("bob")
    assert (await line.ask(bob)).status == 200
    for _ in range(2):
        Place(in_flight)
    assert (await line.ask(bob)).status == 503
