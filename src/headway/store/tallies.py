"""How jobs ended, counted by the minute in the transaction that ends them."""

from typing import Final

from headway.job import Status
from headway.store.database import Transaction

MINUTE: Final = 60
"""Seconds."""
TALLIED_MINUTES: Final = 61
"""The last hour, and the minute that has just begun."""

_ADD: Final = """
INSERT INTO tallies (minute, operation, outcome, worker, count, seconds, squares)
VALUES (:minute, :operation, :outcome, :worker, :count, :seconds, :squares)
ON CONFLICT (minute, operation, outcome, worker) DO UPDATE SET
  count = tallies.count + excluded.count,
  seconds = tallies.seconds + excluded.seconds,
  squares = tallies.squares + excluded.squares
"""


class Tallies:
    """What one transaction adds: as many rows as it has kinds of ends, however many jobs end."""

    def __init__(self, now: float) -> None:
        self._minute = int(now // MINUTE)
        self._sums: dict[tuple[str, Status, str], list[float]] = {}

    def add(self, operation: str, outcome: Status, worker: str, seconds: float) -> None:
        """One job has ended, `seconds` after its last attempt began."""
        sums = self._sums.get((operation, outcome, worker))
        if sums is None:
            sums = self._sums[operation, outcome, worker] = [0, 0.0, 0.0]
        sums[0] += 1
        seconds = max(0.0, seconds)  # the clock may have been set back
        sums[1] += seconds
        sums[2] += seconds * seconds

    def save(self, tx: Transaction) -> None:
        """Write what was added, in one order for all, so that no two writers wait for each other."""
        tx.run_many(
            _ADD,
            [
                {
                    "minute": self._minute,
                    "operation": operation,
                    "outcome": outcome.value,
                    "worker": worker,
                    "count": int(count),
                    "seconds": seconds,
                    "squares": squares,
                }
                for (operation, outcome, worker), (count, seconds, squares) in sorted(
                    self._sums.items()
                )
            ],
        )
