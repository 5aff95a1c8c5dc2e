"""Turns for the processes that write to one SQLite file.

SQLite lets writers sleep and retry, so a process that commits in a loop can starve the others.
Here a writer first takes the turnstile, then the gate, then leaves the turnstile: whoever
waits at the gate goes next, before the one that has just left it.

A blocking `flock` would do the waiting, but it cannot time out, and a process stopped inside the
gate would hang everybody for good; so the wait is a bounded poll.
"""

import contextlib
import fcntl
import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from headway.errors import StoreUnavailable

_POLL_SECONDS = 0.0002


class WriteGate:
    """Held by one writer at a time, over all processes. Use it as a context manager."""

    def __init__(self, directory: Path, timeout: float) -> None:
        self._timeout = timeout
        self._closed = False
        self._thread = threading.Lock()
        self._turnstile = _open(directory / "write.turnstile")
        self._gate = _open(directory / "write.gate")

    def __enter__(self) -> Self:
        deadline = time.monotonic() + self._timeout  # one for threads and processes together
        if not self._thread.acquire(timeout=self._timeout):
            raise self._busy()
        try:
            if self._closed:
                raise StoreUnavailable("expected an open store, got one that was closed")
            self._take(self._turnstile, deadline)
            try:
                self._take(self._gate, deadline)
                self._sign()
            finally:
                fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        except BaseException:
            self._thread.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        self._thread.release()

    def close(self) -> None:
        """Give the files back, once whoever is inside has left. Closing twice is fine."""
        if not self._thread.acquire(timeout=self._timeout):
            return  # their numbers must not become somebody else's under him
        try:
            if not self._closed:
                self._closed = True
                os.close(self._turnstile)
                os.close(self._gate)
        finally:
            self._thread.release()

    def _take(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise self._busy() from None
                time.sleep(_POLL_SECONDS)

    def _sign(self) -> None:
        """Leave word, for those who wait in vain, who it is that they wait for."""
        with contextlib.suppress(OSError):  # a full disk must not keep the gate shut
            os.pwrite(self._gate, b"%-20d" % os.getpid(), 0)

    def _busy(self) -> StoreUnavailable:
        last = os.pread(self._gate, 20, 0).strip()
        return StoreUnavailable(
            f"expected to be the database's writer within {self._timeout:g} s, but others held it"
            f" all that time; nothing was written, try again{_holder(int(last)) if last else ''}"
        )


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _holder(pid: int) -> str:
    """Who took the gate last, and what to do when that process will never leave it by itself."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:  # gone, or no Linux
        return f"; process {pid} was the last to write"
    if state in "Tt":
        return (
            f"; process {pid} ({command[:80].strip()}) was the last to write and is stopped by a"
            f" signal or a debugger: let it go on (kill -CONT {pid}), or end it"
        )
    return f"; process {pid} ({command[:80].strip()}) was the last to write"
