"""The stop of a worker: told once, attempts get their grace time; told twice, they end at once."""

import logging
import time

from headway.counting import counted
from headway.worker.attempt import Ending
from headway.worker.roster import Roster

log = logging.getLogger("headway.worker")


class Drain:
    """Begins when it is told, and ends every attempt of the roster."""

    def __init__(self, roster: Roster, grace: float) -> None:
        self._roster = roster
        self._grace = grace
        self._told = 0
        self._heeded = 0
        self._grace_ends: float | None = None
        """None before it begins, and when it is over."""
        self._were_running = 0
        self._had_gone_back = 0

    def tell(self) -> None:
        """Safe from threads and signal handlers: it does no more than note it."""
        self._told += 1

    @property
    def begun(self) -> bool:
        """Whether it was told."""
        return self._told > 0

    @property
    def at_once(self) -> bool:
        """Whether it was told twice."""
        return self._told > 1

    def due_in(self) -> float | None:
        """Seconds until `advance` has something to do; None for nothing."""
        if self._told != self._heeded:
            return 0.0
        return None if self._grace_ends is None else self._grace_ends - time.monotonic()

    def advance(self) -> None:
        """First, ask children to end at a checkpoint; when told again or the time is over, end them."""
        if not self.begun:
            return
        if self._heeded == 0:
            self._begin()
        self._heeded = self._told
        over = self._grace_ends is not None and time.monotonic() >= self._grace_ends
        if self.at_once or over:
            self._grace_ends = None
            for attempt in self._roster:
                attempt.end(Ending.STOPPING)

    def _begin(self) -> None:
        self._were_running = len(self._roster)
        self._had_gone_back = self._roster.went_back
        self._grace_ends = time.monotonic() + self._grace
        for attempt in self._roster:
            attempt.ask_to_stop()
        log.info("stopping: %s running", counted(self._were_running, "job"))

    def tell_of_the_end(self, worker: str) -> None:
        """Log how many jobs were running, and went back."""
        went_back = self._roster.went_back - self._had_gone_back
        log.info(
            "worker %s has stopped: of %s that ran, %d went back",
            worker,
            counted(self._were_running, "job"),
            went_back,
        )
