"""What retries are paid from, and the breaker that stops them: shared by every call of a client."""

import threading
from typing import Final

from headway.client.errors import CircuitOpen
from headway.client.retry.clock import Clock
from headway.client.retry.failure import Failure
from headway.client.retry.policy import BreakerRule, BudgetRule

_UNBOUNDED: Final = BudgetRule(capacity=0, cost=0, timeout_cost=0, refill=0)


class Budget:
    """A bucket of tokens. Any number of threads may use it at once."""

    def __init__(self, rule: BudgetRule | None) -> None:
        self._rule = rule or _UNBOUNDED
        self._left = self._rule.capacity
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        return self._left

    def pay(self, failure: Failure) -> int | None:
        """Take what a retry after this failure costs; None when there is not enough."""
        cost = self._rule.timeout_cost if failure.timed_out else self._rule.cost
        with self._lock:
            if cost > self._left:
                return None
            self._left -= cost
            return cost

    def put_back(self, paid: int) -> None:
        """A call has succeeded: the price of its last retry comes back, or a little for none."""
        with self._lock:
            self._left = min(self._rule.capacity, self._left + (paid or self._rule.refill))


class Breaker:
    """Counts failures in a row and, once open, lets through one call at a time to try."""

    def __init__(self, rule: BreakerRule | None, clock: Clock) -> None:
        self._rule = rule
        self._clock = clock
        self._failures = 0
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def admit(self) -> None:
        """Return if a call may be made now. Raise `CircuitOpen` if not."""
        if self._rule is None:
            return
        with self._lock:
            if self._failures < self._rule.failures:
                return
            now = self._clock.monotonic()
            left = self._closed_until - now
            if left > 0:
                raise CircuitOpen(
                    f"expected a service that answers, got {self._failures} failures in a row;"
                    f" it is not asked for another {left:.1f} s"
                )
            # This call is the probe. Should it never report, another may go when its time is over.
            self._closed_until = now + self._rule.open_seconds

    def failed(self) -> None:
        """The server is in trouble."""
        if self._rule is None:
            return
        with self._lock:
            self._failures += 1
            if self._failures >= self._rule.failures:
                self._closed_until = self._clock.monotonic() + self._rule.open_seconds

    def answered(self) -> None:
        """The server works."""
        with self._lock:
            self._failures = 0
