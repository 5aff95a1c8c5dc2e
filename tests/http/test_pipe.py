"""Frames go straight to the server where it takes them, and nobody waits for who does not read."""

import asyncio

import pytest
from starlette.types import Message

from headway.http import pipe as pipes
from headway.http.pipe import Pipe, Stalled


class Server:
    """Takes messages at once until it is told to hold, as a server with a full buffer does."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.writable = asyncio.Event()
        self.writable.set()

    async def send(self, message: Message) -> None:
        await self.writable.wait()
        self.taken.append(message)


def message(number: int) -> Message:
    return {"type": "http.response.body", "body": b"%d" % number, "more_body": True}


async def test_a_message_is_sent_from_code_that_runs_in_no_task() -> None:
    """As the fan-out does it."""
    server = Server()
    pipe = Pipe(server.send)
    await pipe.probe(message(0))
    assert pipe.is_direct
    done = asyncio.Event()

    def write() -> None:
        assert asyncio.current_task() is None
        pipe.put(message(1))
        assert not pipe.is_stuck
        done.set()

    asyncio.get_running_loop().call_soon(write)
    await done.wait()
    assert server.taken == [message(0), message(1)]


async def test_what_the_server_does_not_take_is_carried_to_its_end_by_the_task() -> None:
    """Once, and before what is sent after it."""
    server = Server()
    pipe = Pipe(server.send)
    server.writable.clear()
    pipe.put(message(1))
    assert pipe.is_stuck
    asyncio.get_running_loop().call_later(0.01, server.writable.set)
    await pipe.send(message(2))
    assert not pipe.is_stuck
    assert server.taken == [message(1), message(2)]


async def test_an_error_of_the_line_is_raised_in_the_task() -> None:
    """Once, and not where the fan-out has others to serve."""

    async def broken(_message: Message) -> None:
        raise OSError("the line is gone")

    pipe = Pipe(broken)
    pipe.put(message(1))
    assert pipe.is_stuck
    with pytest.raises(OSError, match="gone"):
        await pipe.flush()
    assert not pipe.is_stuck


async def test_what_comes_behind_a_stuck_message_keeps_its_place() -> None:
    """All pieces of one thing may be put, however few of them the server takes."""
    server = Server()
    server.writable.clear()
    pipe = Pipe(server.send)
    for number in (1, 2, 3):
        pipe.put(message(number))
    asyncio.get_running_loop().call_later(0.01, server.writable.set)
    await pipe.send(message(4))
    assert server.taken == [message(number) for number in (1, 2, 3, 4)]


async def test_who_has_much_to_send_lets_others_send_between() -> None:
    """A frame each at a time, though the server would take all of them at once."""
    server = Server()

    async def say(*numbers: int) -> None:
        pipe = Pipe(server.send)
        for number in numbers:
            await pipe.send(message(number))

    await asyncio.gather(say(1, 3, 5), say(2, 4, 6))
    assert server.taken == [message(number) for number in range(1, 7)]


async def test_who_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, whether it was stuck before or just then."""
    monkeypatch.setattr(pipes, "STALLED_SECONDS", 0.01)
    server = Server()
    server.writable.clear()
    pipe = Pipe(server.send)
    pipe.put(message(1))
    with pytest.raises(Stalled):
        await pipe.flush()
    with pytest.raises(Stalled):
        await pipe.send(message(2))
    assert server.taken == []


async def test_a_server_that_wants_a_task_is_left_to_tasks() -> None:
    """Middleware with queues of its own, or a test client, cannot be called from anywhere."""

    async def by_task(_message: Message) -> None:
        assert asyncio.current_task() is not None

    async def by_steps(_message: Message) -> None:
        await asyncio.sleep(0)

    for send in (by_task, by_steps):
        pipe = Pipe(send)
        await pipe.probe(message(0))
        assert not pipe.is_direct
