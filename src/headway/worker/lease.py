"""A worker's lease on all of its claims: begun, kept up by beats, and known to be lost."""

import os
import socket
import time
from enum import StrEnum
from typing import Final
from uuid import uuid4

from headway.errors import StoreUnavailable
from headway.store.contract.workers import Workers
from headway.store.values.workers import WorkerInfo

BEAT_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 10.0
"""A beat that came just before a store was locked must last through all that a writer waits, twice
4 s on SQLite, with time left for the beat after it."""


class Beat(StrEnum):
    """What came of one."""

    HELD = "held"
    LATE = "late"
    """The store was busy: the lease is held, and not extended."""
    LAPSED = "lapsed"
    """It must be begun anew."""


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

    def beat(self) -> Beat:
        """Extend the lease.

        A store that is busy is not the end of the lease: the next try comes soon, and only the
        clock decides.
        """
        began = time.monotonic()
        if began >= self._ends:
            return Beat.LAPSED
        try:
            held = self._workers.beat(self.worker, LEASE_SECONDS)
        except StoreUnavailable:
            self._next_beat = time.monotonic() + 0.2
            return Beat.LATE if time.monotonic() < self._ends else Beat.LAPSED
        if not held:
            return Beat.LAPSED
        self._extended(began)
        return Beat.HELD

    @property
    def lapsed(self) -> bool:
        """Whether it was let lapse, and is to be begun anew."""
        return self._ends == 0.0

    def lapse(self) -> None:
        """Let it end without a word: the next beat finds it lapsed, and the sweep what it held."""
        self._ends = self._next_beat = 0.0

    def end(self) -> None:
        """Leave: what is still held is due again at once."""
        self._workers.leave(self.worker)

    def _extended(self, began: float) -> None:
        self._ends = began + LEASE_SECONDS
        self._next_beat = began + BEAT_SECONDS
