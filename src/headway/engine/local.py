"""The local engine: an embedded worker process beside the API, one for each data directory.

Every process that serves the API runs a supervisor; a lock on a file of the data directory
decides whose worker it is. The worker inherits the lock, so it is free again only when both are
gone.
"""

import fcntl
import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from headway.engine.supervisor import Supervisor
from headway.store.contract.bell import Bell

RETRY_SECONDS: Final = 0.5
"""Between two looks at a lock that somebody else holds."""


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
        self._embedded = embedded
        self._supervisor = Supervisor(environment, patience=patience)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See `Engine.start`."""
        with self._lock:
            if self._embedded and self._thread is None and not self._supervisor.wait_stopped(0):
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
        self._supervisor.drain()

    def stop(self) -> None:
        """See `Engine.stop`."""
        self._supervisor.stop()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _supervise(self) -> None:
        """Run the worker whenever the lock can be had, until stopped."""
        lock = os.open(
            self._directory / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            while not _taken(lock):
                if self._supervisor.wait_stopped(RETRY_SECONDS):
                    return
            self._supervisor.run([lock])
        finally:
            os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
