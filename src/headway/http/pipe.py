"""Writes to a socket without a task of its own for each write: a thousand viewers of one job
would be a thousand tasks to wake for each event.

A server that can take a message does so before its `send` first waits. Such a call is run to its
end at once, from whatever code has something to send; one that has to wait is carried to its end
by the stream's own task.
"""

import asyncio
import types
from collections.abc import Generator
from typing import Any, Final

from starlette.types import Message, Send

STALLED_SECONDS: Final = 25.0
"""A peer that takes nothing for so long is dead, or might as well be."""


class Stalled(Exception):
    """The peer does not read."""


class Pipe:
    """The sending side of one stream."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._rest: Generator[Any, Any, None] | None = None
        self._waiting: list[Message] = []
        self.is_direct = False
        """Whether `put` may be called: the server does not insist on a task."""

    @property
    def is_stuck(self) -> bool:
        """True while a message waits for the peer to read: `flush` first."""
        return self._rest is not None

    async def probe(self, nothing: Message) -> None:
        """Find out, with a message that changes nothing, if the server takes messages from code
        that runs in no task. Middleware and test clients may not."""
        tried = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self._try, nothing, tried)
        self.is_direct = await tried

    def put(self, message: Message) -> None:
        """Send at once; what the server will not take yet, or will not take at all, is left to
        `flush`: an error of one viewer's line must not reach the fan-out, which serves all."""
        if self._rest is not None:
            self._waiting.append(message)
            return
        steps = self._send(message).__await__()
        try:
            waiting = next(steps)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - the stream's own task raises it
            self._rest = _raising(error)
            return
        self._rest = _rest(steps, waiting)

    async def flush(self) -> None:
        """Wait until the peer has read enough. Raise `Stalled` if it does not."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await self._within(_carried(rest))
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            await self._within(self._send(message))

    async def send(self, message: Message) -> None:
        """Send from within a task, after what is stuck. Others have their turn before it returns:
        fifty sockets with a hundred frames each would hold the loop for a quarter of a second."""
        await self.flush()
        await self._within(self._send(message))
        await asyncio.sleep(0)

    async def _within(self, sending: Any) -> None:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await sending
        except TimeoutError:
            raise Stalled from None

    def _try(self, nothing: Message, tried: asyncio.Future[bool]) -> None:
        steps = None
        try:
            steps = self._send(nothing).__await__()
            next(steps)
        except StopIteration:
            taken = True
        except Exception:  # noqa: BLE001 - whatever it is, this server wants a task
            taken = False
        else:
            taken = False
            steps.close()
        if not tried.done():
            tried.set_result(taken)


@types.coroutine
def _carried(rest: Generator[Any, Any, None]) -> Generator[Any, Any, None]:
    yield from rest


def _raising(error: Exception) -> Generator[Any, Any, None]:
    """What is left of a call that has failed."""
    raise error
    yield  # which makes it a call like others


def _rest(steps: Generator[Any, Any, None], waiting: Any) -> Generator[Any, Any, None]:
    """What is left of a call that has been taken to its first wait."""
    while True:
        try:
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - handed on to the call, as its task would
                waiting = steps.throw(error)
            else:
                waiting = steps.send(value)
        except StopIteration:
            return
