"""How long a job may still take: pure numbers, made from what was seen lately."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

MARK_SECONDS: Final = 15.0
"""How far apart the marks of a job's progress are: two of them span its last half minute."""

_SHORTEST: Final = 0.5
"""A rate seen over less than this many seconds is no rate."""
_DOUBT: Final = 0.1
"""By how much of itself an estimate is widened, for what the past does not know."""


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds, from the least to the most that is likely."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What can be said of a job that has not ended."""

    position: int | None = None
    """Its place among those that wait for the same operation, from 1; None when it does not wait
    for a slot, or too many stand before it."""
    left: Span | None = None
    """Seconds until its end; None while nothing is known."""
    paused: bool = False
    """Whether nothing of its operation is begun for now."""


NO_ESTIMATE: Final = Estimate()


@dataclass(frozen=True, slots=True)
class Durations:
    """How long recent jobs of a kind ran: their number, and the sums that mean and spread need."""

    count: int = 0
    seconds: float = 0.0
    squares: float = 0.0

    @property
    def usual(self) -> Span | None:
        """The mean, one standard deviation either way; None when there were none."""
        if not self.count:
            return None
        mean = self.seconds / self.count
        spread = sqrt(max(0.0, self.squares / self.count - mean * mean)) + _DOUBT * mean
        return Span(max(0.0, mean - spread), mean + spread)


def while_running(progress: float, stretches: Iterable[tuple[float, float]]) -> Span | None:
    """What is left, at the rates of these stretches: (seconds, percent gained) each.

    A stretch reaches until now, so a job that falls silent is given ever more time.
    """
    rates = [
        gained / seconds for seconds, gained in stretches if seconds >= _SHORTEST and gained > 0
    ]
    if not rates:
        return None
    left = max(0.0, 100.0 - progress)
    return Span(left / max(rates) * (1 - _DOUBT), left / min(rates) * (1 + _DOUBT))


def while_waiting(position: int, slots: int, durations: Durations) -> Span | None:
    """The turns until a slot is free, then the job itself."""
    usual = durations.usual
    if usual is None or slots < 1:
        return None
    # With a free slot it begins at once; with none, those before it end `slots` at a time.
    rounds = max(0, position - slots) / slots, ceil(position / slots)
    return Span(rounds[0] * usual.low + usual.low, rounds[1] * usual.high + usual.high)


def until_due(seconds: float, durations: Durations) -> Span | None:
    """A job that is not due yet: the time until then, and the job itself."""
    usual = durations.usual
    return usual and Span(seconds + usual.low, seconds + usual.high)
