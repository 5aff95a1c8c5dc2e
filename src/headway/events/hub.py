"""Fan-out inside one process: what is published on a topic reaches everybody who listens to it."""

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Final, Generic, TypeVar

B = TypeVar("B", bound=Sized)
"""What is published at once: every listener is given the same object."""

BOUND: Final = 512
"""Things that wait for one slow listener before it is told that it has missed some. A batch that
waits alone may be larger: it is the same object for all, and whoever missed it would have to be
read another."""


class Listener(Generic[B]):
    """One listener of one topic. Lives on the event loop that made it; any thread may publish."""

    __slots__ = ("_batches", "_closed", "_held", "_loop", "_missed", "_waiter", "sink", "topic")

    def __init__(self, topic: str, loop: asyncio.AbstractEventLoop) -> None:
        self.topic = topic
        self.sink: Callable[[B], bool] | None = None
        """Takes what is delivered while `take` waits, without waking it; False leaves it to `take`."""
        self._loop = loop
        self._batches: list[B] = []
        self._held = 0
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

    async def take(self, seconds: float) -> list[B]:
        """What was delivered since the last call; empty after so many `seconds` of silence,
        after `wake`, and at the end."""
        if not (self._batches or self._missed or self._closed):
            await self._silence(seconds)
        taken = self._batches
        self._batches, self._held = [], 0
        return taken

    def deliver(self, batch: B) -> None:
        """Hand over, on the listener's loop."""
        if self.sink is not None and self._is_idle() and self.sink(batch):
            return
        self._held += len(batch)
        if self._held > BOUND and self._batches:
            self._batches, self._held = [], 0
            self._missed = True
        else:
            self._batches.append(batch)
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
        return waits and not (self._batches or self._missed)

    async def _silence(self, seconds: float) -> None:
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


class Hub(Generic[B]):
    """Who listens to what."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, dict[asyncio.AbstractEventLoop, set[Listener[B]]]] = {}
        self._closed = False

    def listen(self, topic: str) -> Listener[B]:
        """Begin to listen, on the running loop. Every listener must be given to `leave`."""
        listener: Listener[B] = Listener(topic, asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                listener.end()
            loops = self._listeners.setdefault(topic, {})
            loops.setdefault(listener.loop, set()).add(listener)
        return listener

    def leave(self, listener: Listener[B]) -> None:
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

    def publish(self, news: Mapping[str, B]) -> None:
        """Deliver to all who listen now to these topics. Never blocks: a slow listener misses, and
        is told so."""
        for loop, listening in self._by_loop(news).items():
            _call(loop, _deliver_all, [(them, news[topic]) for topic, them in listening])

    def close(self) -> None:
        """End all listeners, present and future. Closing twice is fine."""
        self._closed = True
        for loop, listening in self._by_loop(self.topics()).items():
            _call(loop, _end_all, [them for _, them in listening])

    def _by_loop(
        self, topics: Iterable[str]
    ) -> dict[asyncio.AbstractEventLoop, list[tuple[str, list[Listener[B]]]]]:
        found = defaultdict(list)
        with self._lock:
            for topic in topics:
                for loop, listeners in self._listeners.get(topic, {}).items():
                    found[loop].append((topic, list(listeners)))
        return found


def _call(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *arguments: object) -> None:
    """One wake-up of the loop, however many listen there and to whatever."""
    with contextlib.suppress(RuntimeError):  # the loop is closed, and its listeners with it
        loop.call_soon_threadsafe(what, *arguments)


def _deliver_all(told: Iterable[tuple[Iterable[Listener[B]], B]]) -> None:
    for listeners, batch in told:
        for listener in listeners:
            listener.deliver(batch)


def _end_all(ending: Iterable[Iterable[Listener[B]]]) -> None:
    for listeners in ending:
        for listener in listeners:
            listener.end()
