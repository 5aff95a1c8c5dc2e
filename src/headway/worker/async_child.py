"""The child that runs `async def` attempts, many at a time, on one event loop."""

import asyncio
import socket
from collections import deque
from collections.abc import Mapping
from typing import Any

from headway.errors import Cancelled, Interrupted, StopAttempt
from headway.job import Json
from headway.own_model import OwnModel
from headway.registry import Registry
from headway.worker.child import done, failure
from headway.worker.context import BaseContext
from headway.worker.protocol import (
    CANCEL,
    DONE,
    FAILED,
    SAVED,
    START,
    STOP,
    STOPPED,
    FrameReader,
    Message,
    encode,
    frames,
)
from headway.worker.start import Start


def run_many(sock: socket.socket, registry: Registry) -> None:
    """Run attempts as the parent sends them, until it closes the line."""
    sock.setblocking(False)
    asyncio.run(_Host(sock, registry).serve())


class AsyncAttemptContext(BaseContext):
    """See `operation.AsyncContext`."""

    def __init__(
        self, start: Start, ref: str, host: "_Host", models: Mapping[str, OwnModel]
    ) -> None:
        self._host = host
        self._saved: asyncio.Future[None] | None = None
        self._saving = asyncio.Lock()
        self._cancelled = False
        self.stopping = False
        super().__init__(start, ref, host, models)

    @property
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""
        return self._cancelled

    async def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """See `Context.checkpoint`."""
        self._check()
        async with self._saving:  # an operation may ask from two of its tasks
            self._saved = asyncio.get_running_loop().create_future()
            items = self._items.take()  # here: siblings of this task add to them on the loop
            await asyncio.to_thread(self._save, state, blob, items)
            await self._saved
            if self._checkpoints.outdated:
                await asyncio.to_thread(self._checkpoints.remove_outdated)
        if self.stopping:
            raise Interrupted

    def cancel(self) -> None:
        """Note that the job was cancelled."""
        self._cancelled = True

    def saved(self) -> None:
        """Note that the checkpoint on its way is durable."""
        if self._saved is not None and not self._saved.done():
            self._saved.set_result(None)

    def _check(self) -> None:
        if self._cancelled:
            raise Cancelled


class _Host:
    """The attempts of one event loop, and the line they share."""

    def __init__(self, sock: socket.socket, registry: Registry) -> None:
        self._socket = sock
        self._registry = registry
        self._running: dict[str, tuple[asyncio.Task[None], AsyncAttemptContext]] = {}
        self._outbox: deque[bytes] = deque()
        self._more = asyncio.Event()

    async def serve(self) -> None:
        """Take messages until the parent is gone."""
        self._loop = asyncio.get_running_loop()
        writer = asyncio.create_task(self._write())
        reader = FrameReader()
        try:
            while data := await self._loop.sock_recv(self._socket, 1 << 18):
                for message in reader.feed(data):
                    self._take(message)
        except (ConnectionResetError, BrokenPipeError):
            pass
        finally:
            writer.cancel()

    def send(self, *message: Any) -> None:
        """Send a message with the next frame; from any thread. Raise if it cannot be sent."""
        self._outbox.append(encode(list(message)))
        self._loop.call_soon_threadsafe(self._more.set)

    later = send

    def _tell(self, message: Message) -> None:
        self._outbox.append(encode(message))
        self._more.set()

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            waiting = [self._outbox.popleft() for _ in range(len(self._outbox))]
            for one in frames(waiting):
                await self._loop.sock_sendall(self._socket, one)

    def _take(self, message: Message) -> None:
        kind, ref = message[0], message[1]
        if kind == START:
            self._start(ref, Start(**message[2]))
            return
        task, context = self._running.get(ref, (None, None))
        if task is None or context is None:
            return
        if kind == CANCEL:
            context.cancel()
            task.cancel()
        elif kind == STOP:
            context.stopping = True
        elif kind == SAVED:
            context.saved()

    def _start(self, ref: str, start: Start) -> None:
        context = AsyncAttemptContext(start, ref, self, self._registry.models)
        task = self._loop.create_task(self._attempt(ref, start, context))
        self._running[ref] = (task, context)

    async def _attempt(self, ref: str, start: Start, context: AsyncAttemptContext) -> None:
        """Run one attempt to its end. The only broad `except` of an attempt is here."""
        try:
            if start.token > 1 or start.depot is not None:
                await asyncio.to_thread(context.begin)
            operation = self._registry.get(start.operation)
            request = operation.input.model_validate_json(start.input)
            result = await operation.load()(request, context)
            left = (
                await asyncio.to_thread(context.finish) if context.has_files else context.finish()
            )
            self._tell([DONE, ref, done(result, operation, left, shared=True)])
        except StopAttempt:
            self._tell([STOPPED, ref])
        except asyncio.CancelledError as error:
            told = context.cancelled  # if not, the operation has cancelled something of its own
            self._tell([STOPPED, ref] if told else [FAILED, ref, failure(error, shared=True)])
        except BaseException as error:  # noqa: BLE001 - an outcome: it is recorded
            self._tell([FAILED, ref, failure(error, shared=True)])
        finally:
            context.clear_scratch()
            self._running.pop(ref, None)
