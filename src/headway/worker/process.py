"""One child process: its line, its group, and how it ends."""

import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import uuid4

from headway.worker.cgroup import ControlGroup
from headway.worker.protocol import FrameReader, Message, encode, frames

UNSTARTED: Final = "the process could not be started: {}"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended."""

    reason: str
    peak_memory: int | None = None
    cpu_seconds: float | None = None
    by_itself: bool = True
    """False when it went down with the zygote, or never came to be."""


class Keeper(Protocol):
    """Whoever has a child made, and listens to its line. See `pool.Pool`."""

    def watch(self, sock: socket.socket, child: "Child", *, writing: bool) -> None:
        """Hear this line, and whether it can be written to."""

    def unwatch(self, sock: socket.socket) -> None:
        """Hear this line no more."""

    def abandon(self, child: "Child") -> None:
        """Wait no longer for a child that is still to be forked."""

    def give_back(self, group: ControlGroup) -> None:
        """Remove the group of a child that is gone."""


class Child:
    """A child process: a line to write to, and a group to kill."""

    def __init__(
        self, keeper: Keeper, sock: socket.socket, group: ControlGroup | None = None
    ) -> None:
        self.id = uuid4().hex
        self.pid: int | None = None
        self.group = group
        """What bounds the memory of all that runs in it, if anything does."""
        self._keeper = keeper
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
        self.post([encode(one) for one in messages])

    def post(self, encoded: Sequence[bytes]) -> None:
        """The same for messages that are JSON already."""
        for one in frames(encoded):
            self._outbox += one
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes, and ask to be called again if that was not all."""
        if self._socket.fileno() < 0:  # closed: its end was told in the same turn
            return
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while self._outbox:
                del self._outbox[: self._socket.send(self._outbox)]
        self._keeper.watch(self._socket, self, writing=bool(self._outbox))

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
            kill_group(self.pid, number)
        elif number == signal.SIGKILL:
            self._keeper.abandon(self)

    def reason_of(self, status: int) -> str:
        """Why it has ended, with this wait status and without a last word."""
        return self.fault or _reason(status, ours=self.killed)

    def close(self) -> None:
        """Drop the line, and what bounded it. Closing twice is fine."""
        self._keeper.unwatch(self._socket)
        self._socket.close()
        if self.group is not None:
            self._keeper.give_back(self.group)
            self.group = None

    def _deafen(self) -> None:
        self.silent = True
        self._keeper.unwatch(self._socket)


_LIKELY_SENDER: Final = ", likely by the system's out-of-memory killer"


def _reason(status: int, *, ours: bool) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        known = [f" ({one.name})" for one in signal.Signals if one == number]  # most are nameless
        guess = _LIKELY_SENDER if number == signal.SIGKILL and not ours else ""
        return f"the process was killed by signal {number}{''.join(known)}{guess}"
    return (
        f"the process ended with exit code {os.WEXITSTATUS(status)} before the operation returned"
    )


def kill_group(pid: int, number: signal.Signals) -> None:
    """Signal a group; or, while it has not become one yet, the process alone."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
