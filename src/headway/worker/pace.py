"""How often progress is worth a message."""

import time
from typing import Final

_SECONDS: Final = 0.05
"""Between two reports of progress; the parent writes even fewer."""
_BURST: Final = 10
"""Reports that may come at once, so that what is said before a long silence is shown."""


class Pace:
    """Lets through what shows a change of a percent, the end, and some of what is between."""

    def __init__(self) -> None:
        self._next = 0.0
        self._shown = 0.0

    def lets_through(self, percent: float) -> bool:
        """Whether this is to be told now; if so, it counts as told."""
        now = time.monotonic()
        if now < self._next and percent < 100 and percent - self._shown < 1:
            return False
        self._next = max(self._next, now - _BURST * _SECONDS) + _SECONDS
        self._shown = percent
        return True
