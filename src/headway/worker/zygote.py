"""The zygote: a small program that imports what operations need, and forks children from it.

It is single-threaded and idle most of the time, so a fork is safe and takes milliseconds, and it
hears at once when the worker is gone: then it kills every child, and ends.

Started as `python -m headway.worker.zygote DESCRIPTOR MODULE...`. On the control socket, one
datagram of JSON each:

    worker -> zygote   {"fork": id, "operation": name or null, "memory": bytes or null,
                        "group": path or null} + a socket
    zygote -> worker   {"forked": id, "pid": n}
                       {"unforked": id, "error": text}    the system has no room: later, perhaps
                       {"refused": id, "error": text, "traceback": text}
                       {"exited": id, "status": wait status, "peak_memory": n, "cpu_seconds": x}
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import orjson

from headway.registry import Registry, load_registry
from headway.worker.async_child import run_many
from headway.worker.cgroup import join
from headway.worker.child import become, run_one, text_of, traceback_of

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

LAST_SECONDS = 2.0
"""How long the zygote waits at its end for those it has killed."""


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """What the worker asks for."""

    id: str
    operation: str | None
    """None for the child that runs every `async def` operation."""
    memory: int | None
    group: str | None
    """The control group to join."""


class Zygote:
    """Forks children on request until the control socket ends."""

    def __init__(self, control: socket.socket, registry: Registry) -> None:
        self._control = control
        self._registry = registry
        self._children: dict[int, str] = {}
        self._child_ended, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's to hear
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._pid = os.getpid()
        self._session = os.getsid(0)
        self._adopt_orphans()
        # What runs below can start a program that is owned by root, and gains nothing by it.
        self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    def run(self) -> None:
        """Serve until the worker is gone; then leave no child behind."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._child_ended, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor == self._child_ended:
                        os.read(self._child_ended, 4096)
                        self._reap()
                    elif not self._serve():
                        return
        finally:
            self._kill_all()

    def _serve(self) -> bool:
        """Take one request; False when the worker is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 1)
        except ConnectionResetError:  # it left without reading our last answer
            return False
        if not data:
            return False
        request = orjson.loads(data)
        if not descriptors:
            self._tell(unforked=request["fork"], error="no file descriptor was free for its line")
            return True
        with socket.socket(fileno=descriptors[0]) as line:
            wanted = (request[name] for name in ("fork", "operation", "memory", "group"))
            self._fork(ForkRequest(*wanted), line)
        return True

    def _fork(self, request: ForkRequest, line: socket.socket) -> None:
        try:
            if request.operation is not None:
                self._registry.get(request.operation).load()
        except BaseException as error:  # noqa: BLE001 - the user's module: what it raises is the answer
            self._tell(
                refused=request.id,
                error=f"cannot be imported: {text_of(error)}",
                traceback=traceback_of(error),
            )
            return
        gc.freeze()  # what is shared stays shared: no collector touches it in the child
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(unforked=request.id, error=text_of(error))
            return
        if pid == 0:
            self._child(request, line)
        self._children[pid] = request.id
        self._tell(forked=request.id, pid=pid)

    def _child(self, request: ForkRequest, line: socket.socket) -> None:
        """The child's whole life; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self._pid:  # the zygote died before the line above
                os._exit(1)
            self._adopt_orphans()
            self._control.close()
            for ours in (self._child_ended, self._waker):
                os.close(ours)
            if request.group is not None:
                join(request.group)
            become(request.memory)
            line.setblocking(True)
            if request.operation is None:
                run_many(line, self._registry)
            else:
                run_one(line, self._registry)
            code = 0
        except BaseException:  # noqa: BLE001 - nothing above it: the child ends here
            traceback.print_exc()
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:  # an output that is full or closed: a child must never run the zygote's code
                os._exit(code)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, spent = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._kill_strays()
            if pid not in self._children:  # a stray, or started by a module of the user's
                continue
            _kill_group(pid)  # what the child started goes with it
            self._tell(
                exited=self._children.pop(pid),
                status=status,
                peak_memory=spent.ru_maxrss * 1024,
                cpu_seconds=spent.ru_utime + spent.ru_stime,
            )

    def _tell(self, **message: object) -> None:
        with contextlib.suppress(ConnectionError):  # the worker is gone, which `_serve` finds next
            self._control.send(orjson.dumps(message))

    def _kill_all(self) -> None:
        """Kill every child, and what becomes ours by its death; and by that one's death."""
        for pid in self._children:
            _kill_group(pid)
        deadline = time.monotonic() + LAST_SECONDS
        while time.monotonic() < deadline and (self._children or self._kill_strays()):
            with contextlib.suppress(ChildProcessError):
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    time.sleep(0.002)
                self._children.pop(pid, None)

    def _adopt_orphans(self) -> None:
        """Become the parent of every process below us whose own parent dies.

        Each child is one too: so what has left its group is still below it while the attempt
        runs, and comes to the zygote when the attempt has ended, never before.
        """
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def _kill_strays(self) -> int:
        """Kill what ended attempts have left behind outside of their groups; how many there were.

        What such a process started comes to us by its death, and is found then.
        """
        strays = [pid for pid in _children_of_this_process() if self._is_stray(pid)]
        for pid in strays:
            _kill_group(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(strays)

    def _is_stray(self, pid: int) -> bool:
        """Whether an attempt started it. What a module starts when imported is in our session."""
        try:
            return pid not in self._children and os.getsid(pid) != self._session
        except ProcessLookupError:
            return False


def _children_of_this_process() -> list[int]:
    """Those of the only thread, also the dead ones that nobody has waited for."""
    try:
        return [int(pid) for pid in Path(_CHILDREN.format(os.getpid())).read_text().split()]
    except OSError:  # built without this file, or no descriptor is free: groups alone are killed
        return []


_CHILDREN = "/proc/self/task/{}/children"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Be the zygote for the worker at the other end of the descriptor."""
    control = socket.socket(fileno=int(arguments[0]))
    Zygote(control, load_registry(arguments[1:])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
