"""The worker's side of its processes: one zygote, and the children forked from it."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import orjson

from headway.worker.cgroup import ControlGroup, ControlGroups
from headway.worker.memory import SLACK
from headway.worker.process import UNSTARTED, Child, Exit, kill_group

START_SECONDS: Final = 60.0
"""A fork takes milliseconds, but the operation's module may have to be imported first."""

REST_SECONDS: Final = 1.0
LONGEST_REST: Final = 30.0
"""After a process that could not be started, before work for others is taken on; it doubles from
the one to the other, so that nobody has used up his interruptions while the system has no room."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")


class Pool:
    """Forks children through a zygote, and starts another zygote when that one dies.

    `on_exit` and `on_refused` are called from `serve`, in the worker's only thread.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        modules: Sequence[str],
        withheld: Collection[str],
        on_exit: Callable[[Child, Exit], None],
        on_refused: Callable[[Child, str, str], None],
        groups: ControlGroups | None = None,
    ) -> None:
        self._selector = selector
        self._modules = modules
        self._withheld = withheld
        self._on_exit = on_exit
        self._on_refused = on_refused
        self._groups = groups
        self._children: dict[str, Child] = {}
        self._asked: dict[str, float] = {}
        """When each child was asked for that is still to be forked, in order; also abandoned ones."""
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._rest = REST_SECONDS
        self.ready_at = 0.0
        """Until then the system has no room for another process, as far as we know."""

    def start(self) -> None:
        """Start the zygote, so that it imports while others do something else."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            try:
                self._zygote = self._zygote_on(theirs)
            except OSError:
                ours.close()
                raise
        self._control = ours
        self._selector.register(ours, selectors.EVENT_READ, self)

    def _zygote_on(self, control: socket.socket) -> "subprocess.Popen[bytes]":
        descriptor = control.fileno()
        return subprocess.Popen(
            [sys.executable, "-m", "headway.worker.zygote", str(descriptor), *self._modules],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=_child_environment(self._withheld),
        )

    def fork(self, operation: str | None, memory: int | None) -> Child:
        """A new child for an attempt of this operation, or for every `async def` one.

        It can be written to at once; whether it came to be is told by a callback. Raise `OSError`,
        and leave nothing behind, where the system does not let us ask for one.
        """
        if self._control is None:
            self.start()
        group = None
        if self._groups is not None and memory is not None:
            group = self._groups.bounded(memory + SLACK)
        try:
            ours, theirs = socket.socketpair()
        except OSError:
            if group is not None:
                self.give_back(group)
            raise
        with theirs:
            ours.setblocking(False)
            for one in (ours, theirs):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            child = Child(self, ours, group)
            try:
                self._ask_for(child, operation, memory, theirs)
            except OSError:
                child.close()
                raise
        self._children[child.id] = child
        self._asked[child.id] = time.monotonic()
        self.watch(ours, child, writing=False)
        return child

    def _ask_for(
        self, child: Child, operation: str | None, memory: int | None, line: socket.socket
    ) -> None:
        group = None if child.group is None else str(child.group.path)
        request = {"fork": child.id, "operation": operation, "memory": memory, "group": group}
        assert self._control is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # If the zygote has just died, its end of the line says so in a moment.
            socket.send_fds(self._control, [orjson.dumps(request)], [line.fileno()])

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

    def give_back(self, group: ControlGroup) -> None:
        """Remove the group of a child that is gone."""
        if self._groups is not None:
            self._groups.give_back(group)

    def unwatch(self, sock: socket.socket) -> None:
        """Hear this line no more."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(sock)

    def _note(self, told: dict[str, Any]) -> None:
        match told:
            case {"forked": id, "pid": pid}:
                self._asked.pop(id, None)
                self._rest = REST_SECONDS
                if id in self._children:
                    self._children[id].pid = pid
                else:
                    kill_group(pid, signal.SIGKILL)
            case {"unforked": id, "error": error}:
                self._asked.pop(id, None)
                self.rest()
                if (child := self._children.pop(id, None)) is not None:
                    self._on_exit(child, Exit(UNSTARTED.format(error), by_itself=False))
                    child.close()
            case {"refused": id, "error": error, "traceback": trace}:
                self._asked.pop(id, None)
                if (child := self._children.pop(id, None)) is not None:
                    self._on_refused(child, error, trace)
                    child.close()
            case {"exited": id, "status": status}:
                if (child := self._children.pop(id, None)) is not None:
                    reason = child.reason_of(status)
                    self._on_exit(child, Exit(reason, told["peak_memory"], told["cpu_seconds"]))
                    child.close()

    def rest(self) -> None:
        """Take on no more work for a while: the system has no room for another process."""
        now = time.monotonic()
        if now >= self.ready_at:  # several that were asked for at once are told of together
            self.ready_at = now + self._rest
            self._rest = min(2 * self._rest, LONGEST_REST)

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


def _child_environment(withheld: Collection[str]) -> dict[str, str]:
    """What children see: no secret, and one thread for each numerical library."""
    kept = {name: value for name, value in os.environ.items() if name not in withheld}
    return dict.fromkeys(_ONE_THREAD, "1") | kept
