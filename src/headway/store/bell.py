"""The bell of a data directory: one datagram socket per listener, named by its topic."""

import contextlib
import os
import select
import socket
import threading
import time
from pathlib import Path
from uuid import uuid4

_SUFFIX = ".bell"

_SETTLED_NS = 100_000_000
"""Past it, a directory's time of change tells of all changes: file systems keep time in ticks."""


class SocketBell:
    """Rings by a byte to every socket of the topic. Sockets of the dead are swept on the way."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        # A socket's path holds 107 bytes and data directories may be deep: go through the
        # directory's own descriptor.
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._sender = _sender()
        self._lock = threading.Lock()
        self._seen: tuple[int, list[str]] = (-1, [])

    def ring(self, topic: str) -> None:
        """Wake every listener of the topic, in whichever process; never fails, never blocks."""
        with self._lock, contextlib.suppress(OSError):  # closed meanwhile
            for name in self._names():
                if name.startswith(f"{topic}-"):
                    self._send(name)

    def listen(self, topic: str) -> "SocketWaiter":
        """Begin to hear rings for this topic."""
        return SocketWaiter(self._directory, f"{topic}-{uuid4().hex[:12]}{_SUFFIX}")

    def close(self) -> None:
        """Close the sending side. Listeners are closed by those who listen."""
        with self._lock:
            if self._directory >= 0:
                self._sender.close()
                os.close(self._directory)
                self._directory = -1

    def _names(self) -> list[str]:
        changed = os.stat(self._directory).st_mtime_ns
        if changed != self._seen[0]:
            names = [n for n in os.listdir(self._directory) if n.endswith(_SUFFIX)]
            # A listener that comes within the same tick leaves the time as it is.
            settled = time.time_ns() - changed > _SETTLED_NS
            self._seen = (changed if settled else -1, names)
            return names
        return self._seen[1]

    def _send(self, name: str) -> None:
        try:
            try:
                self._sender.sendto(b"!", _address(self._directory, name))
            except BlockingIOError:
                # Ours may be full: the kernel counts what listeners have not read, a stopped one
                # for instance, against the sender, who would be mute for all. A new one is empty.
                self._sender.close()
                self._sender = _sender()
                self._sender.sendto(b"!", _address(self._directory, name))
        except BlockingIOError:
            pass  # its buffer is full of rings: it will wake
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._directory)
        except OSError:
            pass  # a lost ring costs latency only


class SocketWaiter:
    """One listener's socket, and a pipe to wake its thread from within the process."""

    def __init__(self, directory: int, name: str) -> None:
        self._directory = os.dup(directory)
        self._name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # Bound under another name first: a ring between the file's birth and the socket's would
        # find nobody there, take the file for one of the dead, and remove it.
        self._socket.bind(_address(self._directory, f"{name}-new"))
        os.rename(f"{name}-new", name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        self._awake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()  # `select` cannot see a descriptor past 1,023
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(self._awake, select.POLLIN)
        self._lock = threading.Lock()
        self._waiting = False
        self._closed = False

    def fileno(self) -> int:
        """See `Waiter.fileno`."""
        return self._socket.fileno()

    def wait(self, timeout: float) -> bool:
        """Return at a ring, True, or after `timeout` seconds, False. Rings add up to one."""
        with self._lock:
            if self._closed:
                return False
            self._waiting = True
        rung: list[tuple[int, int]] = []
        try:
            rung = self._poll.poll(max(0.0, timeout) * 1000)
        finally:
            with self._lock:
                self._waiting = False
                if self._closed:
                    rung = []
                    self._release()
                for descriptor, _ in rung:
                    self._drain(self._socket if descriptor == self._socket.fileno() else descriptor)
        return bool(rung)

    def wake(self) -> None:
        """Make `wait` return; safe from any thread and from a signal handler."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b"!")

    def close(self) -> None:
        """Stop hearing. Closing twice is fine."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._directory)
            if self._waiting:
                self.wake()  # the thread that waits gives the descriptors back, not we under it
            else:
                self._release()

    def _release(self) -> None:
        # First, so that a late `wake` cannot write to whatever gets the number next.
        waker, self._waker = self._waker, -1
        self._socket.close()
        for descriptor in (self._awake, waker, self._directory):
            os.close(descriptor)

    def _drain(self, ready: socket.socket | int) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                if isinstance(ready, int):
                    os.read(ready, 512)
                else:
                    ready.recv(16)


def _sender() -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    return sender


def _address(directory: int, name: str) -> str:
    return f"/proc/self/fd/{directory}/{name}"
