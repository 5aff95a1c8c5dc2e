"""The bell of a PostgreSQL database: NOTIFY to ring, LISTEN to hear.

Waiters of the same process are woken at once. For those elsewhere one thread rings, so that nobody
who rings waits for the network, and one hears. A lost connection loses rings, which costs latency:
when it is back, all waiters are woken to look for themselves.
"""

import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg

CHANNEL: Final = "headway"
RETRY_SECONDS: Final = 0.5
READY_SECONDS: Final = 4.0
"""A new listener waits this long to be heard, then goes on: it polls anyway."""

Connect = Callable[[], "psycopg.Connection[Any]"]


class NotifyBell:
    """See `store.contract.Bell`."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._hearing = _Hearing(connect)
        self._rung: set[str] = set()
        self._due = threading.Event()
        self._ringer: threading.Thread | None = None
        self._closed = False

    def ring(self, topic: str) -> None:
        """Wake every listener of the topic, in whichever process; never fails, never blocks."""
        self._hearing.wake(topic)
        with self._lock:
            if self._closed:
                return
            self._rung.add(topic)
            if self._ringer is None:
                self._ringer = threading.Thread(
                    target=self._keep_ringing, name="headway-ringer", daemon=True
                )
                self._ringer.start()
        self._due.set()

    def listen(self, topic: str) -> "PipeWaiter":
        """Begin to hear rings for this topic."""
        waiter = PipeWaiter(topic, self._hearing.leave)
        self._hearing.join(waiter)
        return waiter

    def close(self) -> None:
        """Stop ringing and hearing. Closing twice is fine."""
        with self._lock:
            self._closed = True
            ringer, self._ringer = self._ringer, None
        self._due.set()
        if ringer is not None:
            ringer.join(READY_SECONDS)
        self._hearing.close()

    def _keep_ringing(self) -> None:
        with contextlib.ExitStack() as opened:
            connection: psycopg.Connection[Any] | None = None
            while True:
                self._due.wait()
                self._due.clear()
                with self._lock:
                    topics, self._rung = self._rung, set()
                    closed = self._closed
                try:
                    if topics and connection is None:
                        connection = opened.enter_context(contextlib.closing(self._connect()))
                        self._hearing.ignore(connection.info.backend_pid)
                    for topic in topics:
                        assert connection is not None
                        connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])
                except psycopg.Error:
                    opened.close()
                    connection = None
                if closed:
                    return


class _Hearing:
    """The thread that hears the channel while anybody listens, and whom it wakes."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._waiters: set[PipeWaiter] = set()
        self._own: int | None = None
        self._ended = False
        self._ready = threading.Event()
        self._closing = PipeWaiter("", lambda _: None)
        self._thread: threading.Thread | None = None

    def join(self, waiter: "PipeWaiter") -> None:
        """Wake this one from now on; returns when rings reach it."""
        with self._lock:
            self._waiters.add(waiter)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="headway-hearing", daemon=True
                )
                self._thread.start()
        self._ready.wait(READY_SECONDS)

    def leave(self, waiter: "PipeWaiter") -> None:
        """Wake this one no more."""
        with self._lock:
            self._waiters.discard(waiter)

    def wake(self, topic: str | None) -> None:
        """Wake those who listen for the topic; for None, all."""
        with self._lock:
            for waiter in self._waiters:
                if topic in (None, waiter.topic):
                    waiter.wake()

    def ignore(self, backend: int) -> None:
        """What this connection rings, and not the one before it, is known here already."""
        self._own = backend

    def close(self) -> None:
        """End the thread: one that waits for the server's answer ends with it. Twice is fine."""
        self._ended = True
        self._closing.wake()
        if self._thread is not None:
            self._thread.join(READY_SECONDS)
        self._closing.close()

    def _run(self) -> None:
        while not self._ended:
            try:
                with contextlib.closing(self._connect()) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    if self._ready.is_set():
                        self.wake(None)  # what was rung meanwhile was lost
                    self._ready.set()
                    self._hear(connection)
            except psycopg.Error:
                self._closing.wait(RETRY_SECONDS)

    def _hear(self, connection: "psycopg.Connection[Any]") -> None:
        """Wake waiters until told to end, or until the connection breaks (it raises)."""
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        poll.register(self._closing.fileno(), select.POLLIN)
        while not self._ended:
            poll.poll()
            for notice in connection.notifies(timeout=0):
                if notice.pid != self._own:
                    self.wake(notice.payload)
            if connection.closed:
                raise psycopg.OperationalError("the server hung up")


class PipeWaiter:
    """See `store.contract.Waiter`: a byte in a pipe is a ring."""

    def __init__(self, topic: str, leave: Callable[["PipeWaiter"], None]) -> None:
        self.topic = topic
        self._leave = leave
        self._awake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._awake, select.POLLIN)
        self._lock = threading.Lock()
        self._waiting = False
        self._closed = False

    def fileno(self) -> int:
        """See `Waiter.fileno`."""
        return self._awake

    def wait(self, timeout: float) -> bool:
        """See `Waiter.wait`."""
        with self._lock:
            if self._closed:
                return False
            self._waiting = True
        try:
            rung = bool(self._poll.poll(max(0.0, timeout) * 1000))
        finally:
            with self._lock:
                self._waiting = False
                if self._closed:
                    self._release()
                else:
                    self._drain()
        return rung and not self._closed

    def wake(self) -> None:
        """See `Waiter.wake`."""
        with contextlib.suppress(OSError):  # full of rings, or closed
            os.write(self._waker, b"!")

    def close(self) -> None:
        """See `Waiter.close`."""
        self._leave(self)
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._waiting:
                self.wake()  # the thread that waits gives the descriptors back, not we under it
            else:
                self._release()

    def _release(self) -> None:
        # First, so that a late `wake` cannot write to whatever gets the number next.
        waker, self._waker = self._waker, -1
        os.close(waker)
        os.close(self._awake)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._awake, 512):
                pass
