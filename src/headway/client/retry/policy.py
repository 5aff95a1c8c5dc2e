"""When to try again, as data: nothing here waits, counts or knows a socket."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from headway.retry import Backoff

Uniform = Callable[[float, float], float]

SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
CURABLE: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
IN_FLIGHT: Final = "in_flight"
"""The problem code of a 409 that says: the first request under this key is still at work."""


class Delays(Protocol):
    """How long to wait before a retry; the first is number 0."""

    def delay(self, retry: int, uniform: Uniform = ...) -> float:
        """Seconds, drawn anew at each call."""


@dataclass(frozen=True, slots=True)
class Doubling:
    """`factor * 2**n` seconds, and up to `jitter` on top."""

    factor: float = 0.5
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if not (self.factor >= 0 and self.jitter >= 0):
            raise ValueError(
                f"expected a factor and a jitter of at least 0, got: {self.factor}, {self.jitter}"
            )

    def delay(self, retry: int, uniform: Uniform = random.uniform) -> float:
        """Seconds before this retry."""
        return Backoff(self.factor, float("inf")).ceiling(retry) + uniform(0.0, self.jitter)


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """A bucket of tokens that retries are paid from, shared by all calls of a client.

    A server that is down is then asked little more often than without retries: with these numbers
    1,000 calls make at most 100 retries. Those of AWS's standard retry mode.
    """

    capacity: int = 500
    cost: int = 5
    timeout_cost: int = 10
    refill: int = 1
    """What a call that succeeds at once puts back; one that needed a retry puts back its cost."""


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """After so many failures in a row nothing is sent for a while; then one call tries it."""

    failures: int = 10
    open_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Which failures are worth another attempt, how many, how far apart, and within what time."""

    attempts: int = 3
    """How often a call is made at most, the first time included."""
    delays: Delays = field(default_factory=lambda: Backoff(base=0.25, cap=8.0))
    """Full jitter by default: a crowd that failed together does not come back together."""
    deadline: float | None = 90.0
    """Seconds that a call may take with all its attempts and waits; None for no such bound."""
    longest_retry_after: float = 120.0
    """A server that asks for a longer rest than this is not waited for."""
    methods: frozenset[str] = SAFE_TO_REPEAT
    """What may be repeated without an Idempotency-Key."""
    statuses: frozenset[int] = CURABLE
    budget: BudgetRule | None = field(default_factory=BudgetRule)
    breaker: BreakerRule | None = None

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"expected at least 1 attempt, got: {self.attempts}")
        if self.deadline is not None and not self.deadline > 0:
            raise ValueError(f"expected a deadline above 0 seconds, got: {self.deadline}")
