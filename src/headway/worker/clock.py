"""The time of one attempt: how long it may run, and how long it may say nothing."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Runs from the attempt's first moment in a process: its module's import is not counted."""

    timeout: float | None
    stall_timeout: float | None
    saving: bool = False
    """Whether the attempt waits for us, to make its checkpoint durable: it is silent because we are."""
    _ends: float | None = field(default=None, init=False)
    _heard: float | None = field(default=None, init=False)

    def start(self, now: float) -> None:
        """Begin, if it has not."""
        if self._ends is None and self.timeout is not None:
            self._ends = now + self.timeout
        if self._heard is None:
            self._heard = now

    def hear(self) -> None:
        """The attempt has said something."""
        self._heard = time.monotonic()

    def timed_out(self, now: float) -> bool:
        """Whether it has run for as long as it may."""
        return self._ends is not None and now >= self._ends

    def stalled(self, listened: float) -> bool:
        """Whether it has said nothing for as long as it may, by what was heard until then."""
        return self._stalls is not None and listened >= self._stalls

    def due(self) -> float | None:
        """When the first of both is."""
        return min((one for one in (self._ends, self._stalls) if one is not None), default=None)

    @property
    def _stalls(self) -> float | None:
        if self.stall_timeout is None or self._heard is None or self.saving:
            return None
        return self._heard + self.stall_timeout
