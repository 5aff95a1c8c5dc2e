"""All that a worker waits for at once: children, the zygote, the bell, and who wakes it."""

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from headway.store.contract.bell import Bell, Waiter
from headway.worker.pool import Pool
from headway.worker.process import Child


class Heard(NamedTuple):
    """Of what somebody has spoken."""

    work: bool
    cancel: bool


class Ears:
    """One selector. What children and zygote have said is taken in by whoever it is for."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.listened = 0.0
        """All that was said before then has been heard."""
        self._awake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._work: Waiter | None = None

    def open(self, bell: Bell, begun: contextlib.ExitStack) -> None:
        """Listen, until `begun` ends it."""
        for one in (self._waker, self._awake, self.selector):
            begun.callback(one.close)
        self.selector.register(self._awake, selectors.EVENT_READ, self._awake)
        self._work, cancel = (bell.listen(topic) for topic in ("work", "cancel"))
        for waiter in (self._work, cancel):
            begun.callback(waiter.close)
            self.selector.register(waiter.fileno(), selectors.EVENT_READ, waiter)

    def wake(self) -> None:
        """End the wait at hand, or the next. Safe from threads and signal handlers."""
        with contextlib.suppress(OSError):  # full of wake-ups already, or closed
            self._waker.send(b"!")

    def listen(self, timeout: float, pool: Pool, hear: Callable[[Child], None]) -> Heard:
        """Wait until somebody speaks, for at most so long."""
        self.listened = time.monotonic()
        work = cancel = False
        for key, events in self.selector.select(timeout):
            source = key.data
            if isinstance(source, Child):
                if events & selectors.EVENT_WRITE:
                    source.flush()
                if events & selectors.EVENT_READ:
                    hear(source)
            elif source is pool:
                pool.serve()
            elif source is self._awake:
                self._awake.recv(4096)
                work = True
            else:
                source.wait(0)
                work, cancel = work or source is self._work, cancel or source is not self._work
        return Heard(work, cancel)
