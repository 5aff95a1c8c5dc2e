"""Group commit: what many requests want written goes to the store together."""

import asyncio
import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final, Generic, TypeVar

from headway.errors import StoreUnavailable
from headway.events.metrics import Spread

T = TypeVar("T")
R = TypeVar("R")

LARGEST: Final = 500
"""Items one commit gathers; a single request with more is not split."""

_log = logging.getLogger("headway")


@dataclass(slots=True)
class _Wish(Generic[T, R]):
    """Items of one request, and the future its handler waits on."""

    items: Sequence[T]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[list[R]]"
    outcome: "list[R] | Exception" = field(default_factory=list)


class Committer(Generic[T, R]):
    """A thread that commits. A commit starts at once when none is in flight; what arrives in the
    meantime goes into the next one. Serves any number of event loops at a time."""

    def __init__(self, commit: Callable[[Sequence[T]], Sequence[R]], name: str) -> None:
        self._commit = commit
        self._name = name
        self._arriving: dict[asyncio.AbstractEventLoop, list[_Wish[T, R]]] = {}
        self._wishes: SimpleQueue[list[_Wish[T, R]] | None] = SimpleQueue()
        self.commits = Spread()
        """How long the commits took."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    async def put(self, items: Sequence[T]) -> list[R]:
        """Return once these items are committed, all in one call; raise what the commit raised."""
        if self._thread is None:
            self._start()
        loop = asyncio.get_running_loop()
        wish: _Wish[T, R] = _Wish(items, loop, loop.create_future())
        arriving = self._arriving.get(loop)
        if arriving is None:
            # What this turn of the loop brings goes to the thread together: handing over each
            # by itself would make a commit of every request, and commits cost more than rows.
            self._arriving[loop] = [wish]
            loop.call_soon(self._hand_over, loop)
        else:
            arriving.append(wish)
        return await wish.done

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        group: list[_Wish[T, R]] = []
        size = 0
        for wish in self._arriving.pop(loop):
            group.append(wish)
            size += len(wish.items)
            if size >= LARGEST:
                self._wishes.put(group)
                group, size = [], 0
        if group:
            self._wishes.put(group)

    def close(self) -> None:
        """Commit what is waiting, and end the thread. Closing twice is fine."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._wishes.put(None)
            thread.join(timeout=10)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                # A daemon: `close` runs at exit, and exit would wait for other threads first.
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            wishes, ending = self._gather()
            if wishes:
                self._grant(wishes)
                _answer(wishes)
            if ending:
                return

    def _gather(self) -> tuple[list[_Wish[T, R]], bool]:
        """Wait for the first wish, and take with it what has come since."""
        wishes: list[_Wish[T, R]] = []
        size = 0
        arrived = self._wishes.get()
        while arrived is not None:
            wishes += arrived
            size += sum(len(wish.items) for wish in arrived)
            if size >= LARGEST:
                return wishes, False
            try:
                arrived = self._wishes.get_nowait()
            except Empty:
                return wishes, False
        return wishes, True

    def _grant(self, wishes: Sequence[_Wish[T, R]]) -> None:
        """Commit all the wishes, and give each what became of it."""
        began = monotonic()
        try:
            results = list(self._commit([item for wish in wishes for item in wish.items]))
            self.commits.add(monotonic() - began)
        except StoreUnavailable as error:
            for wish in wishes:
                wish.outcome = error
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits
            self._blame(wishes, error)
        else:
            at = 0
            for wish in wishes:
                wish.outcome = results[at : at + len(wish.items)]
                at += len(wish.items)

    def _blame(self, wishes: Sequence[_Wish[T, R]], error: Exception) -> None:
        """One wish that cannot be written must not fail the strangers it was gathered with."""
        if len(wishes) == 1:
            wishes[0].outcome = error
            return
        _log.warning("a commit of %d requests failed: each is tried alone", len(wishes))
        for wish in wishes:
            self._grant([wish])


def _answer(wishes: Sequence[_Wish[T, R]]) -> None:
    """Wake the handlers, with one call per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Wish[T, R]]] = defaultdict(list)
    for wish in wishes:
        by_loop[wish.loop].append(wish)
    for loop, waiting in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, waiting)


def _resolve(wishes: Sequence[_Wish[T, R]]) -> None:
    for wish in wishes:
        if wish.done.done():
            continue
        if isinstance(wish.outcome, Exception):
            wish.done.set_exception(wish.outcome)
        else:
            wish.done.set_result(wish.outcome)
