"""Fan-out inside one process: what is published on a topic reaches everybody who listens to it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

BOUND: Final = 512
"""Things that wait for one slow listener before it is told that it has missed some."""


class Listener(Generic[T]):
    """One listener of one topic. Lives on the event loop that made it; any thread may publish."""

    __slots__ = ("_closed", "_loop", "_missed", "_things", "_waiter", "sink", "topic")

    def __init__(self, topic: str, loop: asyncio.AbstractEventLoop) -> None:
        self.topic = topic
        self.sink: Callable[[Sequence[T]], bool] | None = None
        """Takes what is delivered while `take` waits, without waking it; False leaves it to `take`."""
        self._loop = loop
        self._things: list[T] = []
        self._waiter: asyncio.Future[None] | None = None
        self._missed = False
        self._closed = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it is delivered on."""
        return self._loop

    @property
    def closed(self) -> bool:
        """True when nothing will be delivered any more: the process is stopping."""
        return self._closed

    def missed(self) -> bool:
        """Whether anything was dropped since this was asked last."""
        missed, self._missed = self._missed, False
        return missed

    async def take(self, seconds: float) -> list[T]:
        """What was delivered since the last call; empty after so many `seconds` of silence,
        after `wake`, and at the end."""
        if not (self._things or self._missed or self._closed):
            await self._silence(seconds)
        taken, self._things = self._things, []
        return taken

    def deliver(self, things: Sequence[T]) -> None:
        """Hand over, on the listener's loop."""
        if self.sink is not None and self._is_idle() and self.sink(things):
            return
        if len(self._things) + len(things) > BOUND:
            self._things = []
            self._missed = True
        else:
            self._things.extend(things)
        self.wake()

    def end(self) -> None:
        """Say, on the listener's loop, that nothing more will come."""
        self._closed = True
        self.wake()

    def wake(self) -> None:
        """Make `take` return, on the listener's loop."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _is_idle(self) -> bool:
        """True while whoever takes has taken everything, and waits for more."""
        waits = self._waiter is not None and not self._waiter.done()
        return waits and not (self._things or self._missed)

    async def _silence(self, seconds: float) -> None:
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


class Hub(Generic[T]):
    """Who listens to what."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, dict[asyncio.AbstractEventLoop, set[Listener[T]]]] = {}
        self._closed = False

    def listen(self, topic: str) -> Listener[T]:
        """Begin to listen, on the running loop. Every listener must be given to `leave`."""
        listener: Listener[T] = Listener(topic, asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                listener.end()
            loops = self._listeners.setdefault(topic, {})
            loops.setdefault(listener.loop, set()).add(listener)
        return listener

    def leave(self, listener: Listener[T]) -> None:
        """Stop listening. Leaving twice is fine."""
        with self._lock:
            loops = self._listeners.get(listener.topic, {})
            of_loop = loops.get(listener.loop, set())
            of_loop.discard(listener)
            if not of_loop:
                loops.pop(listener.loop, None)
            if not loops:
                self._listeners.pop(listener.topic, None)

    def topics(self) -> list[str]:
        """Everything that somebody listens to."""
        with self._lock:
            return list(self._listeners)

    def publish(self, topic: str, things: Sequence[T]) -> None:
        """Deliver to all who listen now. Never blocks: a slow listener misses, and is told so."""
        for loop, listeners in self._by_loop(self._listeners.get(topic, {})):
            _call(loop, _deliver_all, listeners, things)

    def close(self) -> None:
        """End all listeners, present and future. Closing twice is fine."""
        self._closed = True
        for topic in self.topics():
            for loop, listeners in self._by_loop(self._listeners.get(topic, {})):
                _call(loop, _end_all, listeners)

    def _by_loop(
        self, loops: dict[asyncio.AbstractEventLoop, set[Listener[T]]]
    ) -> list[tuple[asyncio.AbstractEventLoop, list[Listener[T]]]]:
        with self._lock:
            return [(loop, list(listeners)) for loop, listeners in loops.items()]


def _call(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *arguments: object) -> None:
    """One wake-up of the loop, however many listen there."""
    with contextlib.suppress(RuntimeError):  # the loop is closed, and its listeners with it
        loop.call_soon_threadsafe(what, *arguments)


def _deliver_all(listeners: Collection[Listener[T]], things: Sequence[T]) -> None:
    for listener in listeners:
        listener.deliver(things)


def _end_all(listeners: Collection[Listener[T]]) -> None:
    for listener in listeners:
        listener.end()
