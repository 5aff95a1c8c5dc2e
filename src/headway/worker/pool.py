"""The worker's side of its processes: one zygote, and the children forked from it."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson

from headway.worker.protocol import FrameReader, Message, frame

START_SECONDS: Final = 60.0
"""A fork takes milliseconds, but the operation's module may have to be imported first."""

_KEPT_FROM_CHILDREN = (
    "HEADWAY_SECRET_KEY",
    "HEADWAY_DATABASE_URL",
    "HEADWAY_BROKER_URL",
    "HEADWAY_SMTP_URL",
)
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")


_LIKELY_SENDER = ", likely by the system's out-of-memory killer"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended."""

    reason: str
    peak_memory: int | None = None
    cpu_seconds: float | None = None
    by_itself: bool = True
    """False when it went down with the zygote."""


class Child:
    """A child process: a line to write to, and a group to kill."""

    def __init__(self, pool: "Pool", sock: socket.socket) -> None:
        self.id = uuid4().hex
        self.pid: int | None = None
        self._pool = pool
        self._socket = sock
        self._reader = FrameReader()
        self._outbox = bytearray()
        self.silent = False
        """True when there was nothing left to read."""
        self.killed = False
        """True when the SIGKILL it ends by is ours."""
        self.fault: str | None = None
        """What was wrong with what it said, if it was ended for that."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, now or as soon as the child reads on; never blocks."""
        self._outbox += frame(messages)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes, and ask to be called again if that was not all."""
        if self._socket.fileno() < 0:  # closed: its end was told in the same turn
            return
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while self._outbox:
                del self._outbox[: self._socket.send(self._outbox)]
        self._pool.watch(self._socket, self, writing=bool(self._outbox))

    def receive(self) -> list[Message]:
        """What the child has said since; nothing once it has closed the line.

        A child that says what nobody can read is killed for it.
        """
        data = b""
        # Closed already: its end was told in the same turn as its last word.
        if self._socket.fileno() >= 0:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                self.silent = True
                return []
            except ConnectionResetError:
                pass
        if not data:
            self._deafen()
            return []
        self.silent = False
        try:
            return list(self._reader.feed(data))
        except ValueError as error:
            self.fault = f"the process wrote what cannot be read to its line: {error}"
            self._deafen()
            self.kill(signal.SIGKILL)
            return []

    def kill(self, number: signal.Signals) -> None:
        """Signal the child's whole process group. Killing what is gone is fine.

        The zygote reaps, so the number could in theory be somebody else's by now; Linux hands
        process ids out in a circle, and it does not come round within a message's way here.
        """
        self.killed = self.killed or number == signal.SIGKILL
        if self.pid is not None:
            _kill(self.pid, number)
        elif number == signal.SIGKILL:
            self._pool.abandon(self)

    def close(self) -> None:
        """Drop the line."""
        self._pool.unwatch(self._socket)
        self._socket.close()

    def _deafen(self) -> None:
        self.silent = True
        self._pool.unwatch(self._socket)


class Pool:
    """Forks children through a zygote, and starts another zygote when that one dies.

    `on_exit` and `on_refused` are called from `serve`, in the worker's only thread.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        modules: Sequence[str],
        on_exit: Callable[[Child, Exit], None],
        on_refused: Callable[[Child, str, str], None],
    ) -> None:
        self._selector = selector
        self._modules = modules
        self._on_exit = on_exit
        self._on_refused = on_refused
        self._children: dict[str, Child] = {}
        self._asked: dict[str, float] = {}
        """When each child was asked for that is still to be forked, in order; also abandoned ones."""
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start the zygote, so that it imports while others do something else."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._zygote = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "headway.worker.zygote",
                    str(theirs.fileno()),
                    *self._modules,
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_child_environment(),
            )
        self._control = ours
        self._selector.register(ours, selectors.EVENT_READ, self)

    def fork(self, operation: str | None, memory: int | None) -> Child:
        """A new child for an attempt of this operation, or for every `async def` one.

        It can be written to at once; whether it came to be is told by a callback.
        """
        if self._control is None:
            self.start()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        for one in (ours, theirs):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        child = Child(self, ours)
        self._children[child.id] = child
        self._asked[child.id] = time.monotonic()
        request = orjson.dumps({"fork": child.id, "operation": operation, "memory": memory})
        with theirs:
            assert self._control is not None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                # If the zygote has just died, its end of the line says so in a moment.
                socket.send_fds(self._control, [request], [theirs.fileno()])
        self.watch(ours, child, writing=False)
        return child

    def serve(self) -> None:
        """Take in what the zygote has said."""
        while self._control is not None:
            try:
                data = self._control.recv(1 << 18)
            except BlockingIOError:
                return
            except ConnectionResetError:
                data = b""
            if not data:
                self._zygote_died()
                return
            self._note(orjson.loads(data))

    def abandon(self, child: Child) -> None:
        """Wait no longer for a child that is still to be forked: it will be killed at birth."""
        if self._children.pop(child.id, None) is not None:
            self._on_exit(child, Exit("the process was ended before it began"))
            child.close()

    def enforce(self, now: float) -> None:
        """Kill a zygote that does not fork within `START_SECONDS`; its children die with it."""
        waits = [now - asked for asked in self._asked.values()]
        if self._zygote is not None and max(waits, default=0.0) > START_SECONDS:
            self._zygote.kill()

    def stop(self) -> None:
        """End the zygote and every child. Stopping twice is fine."""
        if self._control is not None:
            self._selector.unregister(self._control)
            self._control.close()  # it kills all groups when its line ends
            self._control = None
        if self._zygote is not None:
            try:
                self._zygote.wait(3)
            except subprocess.TimeoutExpired:
                self._zygote.kill()
                self._zygote.wait()
            self._zygote = None
        children, self._children = self._children, {}
        for child in children.values():
            child.kill(signal.SIGKILL)
            child.close()

    def watch(self, sock: socket.socket, child: Child, *, writing: bool) -> None:
        """Hear this line, and whether it can be written to."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        known = self._selector.get_map().get(sock.fileno()) if sock.fileno() >= 0 else None
        if known is None and sock.fileno() >= 0:
            self._selector.register(sock, events, child)
        elif known is not None and known.events != events:
            self._selector.modify(sock, events, child)

    def unwatch(self, sock: socket.socket) -> None:
        """Hear this line no more."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(sock)

    def _note(self, told: dict[str, Any]) -> None:
        match told:
            case {"forked": id, "pid": pid}:
                self._asked.pop(id, None)
                if id in self._children:
                    self._children[id].pid = pid
                else:
                    _kill(pid, signal.SIGKILL)
            case {"refused": id, "error": error, "traceback": trace}:
                self._asked.pop(id, None)
                if (child := self._children.pop(id, None)) is not None:
                    self._on_refused(child, error, trace)
                    child.close()
            case {"exited": id, "status": status}:
                if (child := self._children.pop(id, None)) is not None:
                    reason = child.fault or _reason(status, ours=child.killed)
                    self._on_exit(child, Exit(reason, told["peak_memory"], told["cpu_seconds"]))
                    child.close()

    def _zygote_died(self) -> None:
        """Every child died with it; those it was to fork never came to be.

        It forks in the order it was asked: if anybody is to blame, it is the first of those.
        """
        assert self._control is not None
        self._selector.unregister(self._control)
        self._control.close()
        self._control = None
        if self._zygote is not None:
            self._zygote.wait()
        children, self._children = self._children, {}
        asked, self._asked = self._asked, {}
        to_blame = next(iter(asked), None)
        for child in children.values():
            child.kill(signal.SIGKILL)
            reason = "the process that forks children died"
            self._on_exit(child, Exit(reason, by_itself=child.id == to_blame))
            child.close()


def _child_environment() -> dict[str, str]:
    """What children see: no secret, and one thread for each numerical library."""
    kept = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_CHILDREN}
    return dict.fromkeys(_ONE_THREAD, "1") | kept


def _reason(status: int, *, ours: bool) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        known = [f" ({one.name})" for one in signal.Signals if one == number]  # most are nameless
        guess = _LIKELY_SENDER if number == signal.SIGKILL and not ours else ""
        return f"the process was killed by signal {number}{''.join(known)}{guess}"
    return (
        f"the process ended with exit code {os.WEXITSTATUS(status)} before the operation returned"
    )


def _kill(pid: int, number: signal.Signals) -> None:
    """Signal a group; or, while it has not become one yet, the process alone."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
