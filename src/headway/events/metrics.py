"""What this process counts of its own doings; what the store knows is counted there."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from headway.events.doings import Doing, RequestAnswered

BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""Seconds."""


@dataclass(slots=True)
class Spread:
    """How long something took: the sum, and how many times it was up to each bound."""

    bounds: Sequence[float] = BOUNDS
    count: int = 0
    seconds: float = 0.0
    counts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.bounds)

    def add(self, seconds: float) -> None:
        """Count one."""
        self.count += 1
        self.seconds += seconds
        for place, bound in enumerate(self.bounds):
            if seconds <= bound:
                self.counts[place] += 1
                return


class RequestTally:
    """Counts answers by method, route and status; a listener of `RequestAnswered`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: dict[tuple[str, str, int], int] = {}
        self.seconds: dict[str, Spread] = {}
        """By route."""

    def __call__(self, doing: Doing) -> None:
        """Count it."""
        if not isinstance(doing, RequestAnswered):
            return
        key = (doing.method, doing.route, doing.status)
        with self._lock:
            self.answers[key] = self.answers.get(key, 0) + 1
            spread = self.seconds.get(doing.route)
            if spread is None:
                spread = self.seconds[doing.route] = Spread()
            spread.add(doing.seconds)
