"""Keeps one worker process running: whoever has a supervisor has a worker, whatever happens to it.

The worker hears by the end of its standard input that its supervisor died, and ends at once.
Until then each byte there is a ring.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from headway.retry import Backoff

RETRY_SECONDS: Final = 0.5
"""Before a worker that ended is started again; longer each time if it ends right away."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at whether the worker stands still."""

STOPPED_SECONDS: Final = 5.0
"""A worker that a signal has stopped for so long is replaced."""

STEADY_SECONDS: Final = 10.0
"""A worker that lived this long did not fail at its start."""

_PAUSES: Final = Backoff(RETRY_SECONDS, cap=STEADY_SECONDS)

log = logging.getLogger("headway.engine")


class Supervisor:
    """Runs one worker at a time, in the environment given, until stopped."""

    def __init__(
        self, environment: Mapping[str, str], *, patience: float, arguments: Sequence[str] = ()
    ) -> None:
        self._arguments = ["work", "--engine", "local", "--lifeline", *arguments]
        self._environment = dict(environment)
        self._patience = patience
        # A handler of a signal may come while its own thread holds it.
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._kill_at = 0.0
        self._stopping = threading.Event()

    def run(self, inherited: Collection[int] = ()) -> None:
        """Keep a worker running until stopped. It inherits these descriptors."""
        failures = 0
        while True:
            began = time.monotonic()
            self._live_once(inherited)
            failures = 0 if time.monotonic() - began > STEADY_SECONDS else failures + 1
            if self.wait_stopped(_PAUSES.ceiling(failures)):
                return

    def _live_once(self, inherited: Collection[int]) -> None:
        """Run one worker to its end, if there is one to be had."""
        try:
            process = self._spawn(inherited)
        except OSError as error:  # no memory, process or descriptor to be had just now
            log.warning("the worker cannot be started, trying again: %s", error)
            return
        if process is None:
            return
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        code = process.wait()
        with self._lock:
            self.let_go()
        if not self._stopping.is_set():
            log.warning("the worker ended with code %d: starting another", code)

    def wait_stopped(self, seconds: float) -> bool:
        """Whether it was told to stop, as soon as that is so; after so many seconds if it is not."""
        return self._stopping.wait(seconds)

    def ring(self) -> None:
        """Make the worker look for work. Never fails, never blocks."""
        with self._lock:
            lifeline = None if self._process is None else self._process.stdin
            if lifeline is not None and not lifeline.closed:
                with contextlib.suppress(OSError):  # full of rings, or the worker has just ended
                    os.write(lifeline.fileno(), b"!")

    def let_go(self) -> None:
        """Close our end of the lifeline: also in a forked copy of us, which must not hold it.

        Without the lock: a thread that holds it is not copied, and would never give it back.
        """
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def drain(self) -> None:
        """Tell the worker to stop, and start none again. Returns at once; twice is fine."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
            self._kill_at = time.monotonic() + self._patience
        self.hurry()

    def hurry(self) -> None:
        """Tell a worker that was told to stop once more, which means at once."""
        with self._lock:
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Return when the worker has ended; it is killed when that takes too long."""
        self.drain()
        process = self._process
        if process is not None:
            try:
                process.wait(max(0.0, self._kill_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("the worker did not stop within %g s: killing it", self._patience)
                process.kill()
                process.wait()

    def _spawn(self, inherited: Collection[int]) -> "subprocess.Popen[bytes] | None":
        """Start the worker, unless we are stopping."""
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headway", *self._arguments],
                stdin=subprocess.PIPE,
                pass_fds=inherited,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is ours to hear: we say when to stop
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
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
