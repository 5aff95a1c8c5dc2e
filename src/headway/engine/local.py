"""The local engine: an embedded worker process beside the API, one for each data directory.

Every process that serves the API runs a supervisor; a lock on a file of the data directory
decides whose worker it is. The worker inherits the lock, so it is free again only when both are
gone, and it hears by the end of its standard input that its supervisor died.
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from headway.store.contract import Bell

RETRY_SECONDS: Final = 0.5
"""Between two looks at a lock that somebody else holds."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at whether the worker stands still."""

STOPPED_SECONDS: Final = 5.0
"""A worker that a signal has stopped for so long is replaced."""

STEADY_SECONDS: Final = 10.0
"""A worker that lived this long did not fail at its start."""

log = logging.getLogger("headway.engine")


class LocalEngine:
    """See `engine.contract.Engine`. Without `embedded`, others run the workers."""

    def __init__(
        self,
        directory: Path,
        bell: Bell,
        environment: Mapping[str, str],
        *,
        embedded: bool,
        patience: float,
    ) -> None:
        self._directory = directory
        self._bell = bell
        self._environment = dict(environment)
        self._embedded = embedded
        self._patience = patience
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._kill_at = 0.0

    def start(self) -> None:
        """See `Engine.start`."""
        with self._lock:
            if self._embedded and self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(
                    target=self._supervise, name="headway-supervisor", daemon=True
                )
                self._thread.start()

    def offer(self, operations: Collection[str]) -> None:
        """See `Engine.offer`."""
        self.start()
        self._bell.ring("work")

    def drain(self) -> None:
        """See `Engine.drain`."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
            self._kill_at = time.monotonic() + self._patience
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """See `Engine.stop`."""
        self.drain()
        process, thread = self._process, self._thread
        if process is not None:
            try:
                process.wait(max(0.0, self._kill_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("the worker did not stop within %g s: killing it", self._patience)
                process.kill()
        if thread is not None:
            thread.join()

    def _supervise(self) -> None:
        """Run the worker whenever the lock can be had, until stopped."""
        lock = os.open(
            self._directory / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            while not self._stopping.is_set():
                if _taken(lock):
                    self._keep_running(lock)
                    return
                self._stopping.wait(RETRY_SECONDS)
        finally:
            os.close(lock)

    def _keep_running(self, lock: int) -> None:
        delay = RETRY_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                process = self._spawn(lock)
            except OSError as error:  # no memory, process or descriptor to be had just now
                delay *= 2
                log.warning("the worker cannot be started, trying again: %s", error)
                self._stopping.wait(min(delay, STEADY_SECONDS))
                continue
            if process is None:
                return
            threading.Thread(target=self._watch, args=(process,), daemon=True).start()
            code = process.wait()
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping.is_set():
                return
            delay = RETRY_SECONDS if time.monotonic() - began > STEADY_SECONDS else delay * 2
            log.warning("the worker ended with code %d: starting another", code)
            self._stopping.wait(min(delay, STEADY_SECONDS))

    def _spawn(self, lock: int) -> subprocess.Popen[bytes] | None:
        """Start the worker, unless we are stopping."""
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headway", "work", "--lifeline"],
                stdin=subprocess.PIPE,
                pass_fds=[lock],
                env=self._environment,
                start_new_session=True,  # Ctrl-C is ours to hear: we say when to stop
            )
            return self._process

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a worker that a signal has stopped: it beats no more, runs nothing, and may stand
        inside of a transaction, so that nobody can write."""
        stopped_since: float | None = None
        while process.poll() is None and not self._stopping.wait(LOOK_SECONDS):
            if not _is_stopped(process.pid):
                stopped_since = None
                continue
            stopped_since = stopped_since or time.monotonic()
            if time.monotonic() - stopped_since >= STOPPED_SECONDS:
                log.warning(
                    "the worker (process %d) was stopped by a signal and may hold up every writer:"
                    " killing it",
                    process.pid,
                )
                process.kill()
                return


def _is_stopped(pid: int) -> bool:
    """Whether a signal has stopped it; a debugger has another letter. Never so without Linux."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
