"""How long a job may still take: pure numbers, made from what was seen lately."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import heapreplace
from math import inf, isfinite, sqrt
from typing import Final, NamedTuple

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

    @property
    def work(self) -> "Work":
        """The middle, and half the width as what is usual either way."""
        return Work((self.low + self.high) / 2, ((self.high - self.low) / 2) ** 2)


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
class Work:
    """How long something keeps a slot: the seconds expected, and their variance."""

    seconds: float
    variance: float = 0.0

    def span(self) -> Span | None:
        """The expectation, one standard deviation and some doubt either way; None while the end
        is not known."""
        if not isfinite(self.seconds):
            return None
        doubt = sqrt(self.variance) + _DOUBT * self.seconds
        return Span(max(0.0, self.seconds - doubt), self.seconds + doubt)


NOTHING: Final = Work(0.0)
UNKNOWN: Final = Work(inf)


@dataclass(frozen=True, slots=True)
class Durations:
    """How long recent jobs of a kind ran: their number, and the sums that mean and spread need."""

    count: int = 0
    seconds: float = 0.0
    squares: float = 0.0

    @property
    def work(self) -> Work:
        """What one more job of the kind will take."""
        if not self.count:
            return UNKNOWN
        mean = self.seconds / self.count
        return Work(mean, max(0.0, self.squares / self.count - mean * mean))

    def rest(self, elapsed: float) -> Work:
        """What a job of the kind still takes that has run for so long. One that has outlived its
        kind is not of it: nobody knows."""
        usual = self.work
        span = usual.span()
        if span is None or elapsed > span.high:
            return UNKNOWN
        return Work(max(0.0, usual.seconds - elapsed), usual.variance)


@dataclass(frozen=True, slots=True)
class Pool:
    """Slots that run the same operations, and what keeps some of them busy now."""

    operations: Set[str]
    slots: int
    busy: Sequence[Work] = ()


class Queued(NamedTuple):
    """A job that waits for a slot: those that sort before it are begun before it."""

    priority: int
    turn: int
    seq: int
    operation: str


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


class Marks(NamedTuple):
    """Two marks of a job's progress: the older and the newer, and when each was made."""

    older_at: float
    older: float
    newer_at: float
    newer: float

    def left(self, progress: float, now: float) -> Span | None:
        """What is left of the job, at its rates since both of them."""
        return while_running(
            progress,
            [
                (now - self.older_at, progress - self.older),
                (now - self.newer_at, progress - self.newer),
            ],
        )


def while_waiting(
    line: Iterable[Queued],
    pools: Iterable[Pool],
    durations: Mapping[str, Durations],
    out_of_sight: Collection[Queued] = (),
) -> dict[int, Work]:
    """The work until the end of each of these jobs, of whatever kinds: each takes the slot that is
    free first, of those that run its operation. Behind a job that is `out_of_sight` stand more of
    its operation than were looked at."""
    slots = [(pool.operations, _free_at(pool)) for pool in pools if pool.slots > 0]
    works = {name: one.work for name, one in durations.items()}
    ends = {}
    for job in line:
        able = [free for operations, free in slots if job.operation in operations]
        first = min(able, key=lambda free: free[0], default=None)
        if first is not None:
            seconds, variance = first[0]
            own = works.get(job.operation, UNKNOWN)
            end = seconds + own.seconds, variance + own.variance
            heapreplace(first, end)
            ends[job.seq] = Work(*end)
        if job in out_of_sight:
            for free in able:
                free[:] = [(inf, 0.0)] * len(free)
    return ends


def _free_at(pool: Pool) -> list[tuple[float, float]]:
    """When each slot is free, and how far from that it may be: a heap."""
    busy = sorted((one.seconds, one.variance) for one in pool.busy)[-pool.slots :]
    return [(0.0, 0.0)] * (pool.slots - len(busy)) + busy


def until_due(seconds: float, durations: Durations) -> Span | None:
    """A job that is not due yet: the time until then, and the job itself."""
    usual = durations.work.span()
    return usual and Span(seconds + usual.low, seconds + usual.high)
