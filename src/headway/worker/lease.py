"""A worker's lease on all of its claims: begun, kept up by beats, and known to be lost."""

import os
import socket
import time
from typing import Final
from uuid import uuid4

from headway.errors import StoreUnavailable
from headway.store.contract import Workers
from headway.store.values import WorkerInfo

BEAT_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 10.0
"""A beat that came just before a store was locked must last through all that a writer waits, twice
4 s on SQLite, with time left for the beat after it."""


class Lease:
    """One worker's lease. Its own end is measured by a clock that nobody sets."""

    def __init__(
        self,
        workers: Workers,
        *,
        slots: int,
        async_slots: int,
        operations: list[str],
        place: str | None,
    ) -> None:
        self._workers = workers
        self._slots = slots
        self._async_slots = async_slots
        self._operations = operations
        self._place = place
        self._ends = 0.0
        self._next_beat = 0.0
        self.worker = ""

    def begin(self) -> None:
        """Join as a new worker: whatever an old lease held is somebody else's now."""
        self.worker = str(uuid4())
        began = time.monotonic()
        self._workers.join(
            WorkerInfo(
                id=self.worker,
                host=socket.gethostname(),
                pid=os.getpid(),
                slots=self._slots,
                async_slots=self._async_slots,
                operations=self._operations,
                place=self._place,
            ),
            LEASE_SECONDS,
        )
        self._extended(began)

    def beat_in(self) -> float:
        """Seconds until the next beat is due."""
        return max(0.0, self._next_beat - time.monotonic())

    def beat(self) -> bool:
        """Extend the lease; False when it has lapsed and must be begun anew.

        A store that is busy is not the end of the lease: the next try comes soon, and only the
        clock decides.
        """
        began = time.monotonic()
        if began >= self._ends:
            return False
        try:
            held = self._workers.beat(self.worker, LEASE_SECONDS)
        except StoreUnavailable:
            self._next_beat = time.monotonic() + 0.2
            return time.monotonic() < self._ends
        if held:
            self._extended(began)
        return held

    def lapse(self) -> None:
        """Let it end without a word: the next beat finds it lapsed, and the sweep what it held."""
        self._ends = self._next_beat = 0.0

    def end(self) -> None:
        """Leave: what is still held is due again at once."""
        self._workers.leave(self.worker)

    def _extended(self, began: float) -> None:
        self._ends = began + LEASE_SECONDS
        self._next_beat = began + BEAT_SECONDS
