"""How jobs ended, counted by the minute in the transaction that ends them."""

from bisect import bisect_left
from typing import Final

from headway.job import Status
from headway.store.database import Database, Transaction
from headway.store.values.meters import Incident

MINUTE: Final = 60
"""Seconds."""
TALLIED_MINUTES: Final = 61
"""The last hour, and the minute that has just begun."""

BOUNDS: Final = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
"""Seconds: how many jobs took up to each is counted too."""
SUMS: Final = ("count", "seconds", "squares", *(f"bound_{i}" for i in range(len(BOUNDS))))
"""The columns that are added up."""

ADD_UP: Final = " ON CONFLICT (minute, operation, outcome, worker) DO UPDATE SET " + ", ".join(  # nosec B608 - names that stand in the code
    f"{name} = tallies.{name} + excluded.{name}" for name in SUMS
)
_ADD: Final = (
    f"INSERT INTO tallies (minute, operation, outcome, worker, {', '.join(SUMS)})"  # nosec B608 - constants and names that stand in the code
    f" VALUES (:minute, :operation, :outcome, :worker, {', '.join(':' + one for one in SUMS)})"
    + ADD_UP
)


class Tallies:
    """What one transaction adds: as many rows as it has kinds of ends, however many jobs end."""

    def __init__(self, now: float) -> None:
        self._minute = int(now // MINUTE)
        self._sums: dict[tuple[str, str, str], list[float]] = {}

    def add(
        self,
        operation: str,
        outcome: Status | Incident,
        worker: str,
        seconds: float = 0.0,
        *,
        times: int = 1,
    ) -> None:
        """One job has ended, `seconds` after its last attempt began; or an incident."""
        sums = self._sums.get((operation, outcome, worker))
        if sums is None:
            sums = self._sums[operation, outcome, worker] = [0.0] * len(SUMS)
        sums[0] += times
        seconds = max(0.0, seconds)  # the clock may have been set back
        sums[1] += seconds
        sums[2] += seconds * seconds
        place = bisect_left(BOUNDS, seconds)
        if place < len(BOUNDS):
            sums[3 + place] += times

    def save(self, tx: Transaction) -> None:
        """Write what was added, in one order for all, so that no two writers wait for each other."""
        tx.run_many(
            _ADD,
            [
                {
                    "minute": self._minute,
                    "operation": operation,
                    "outcome": str(outcome),
                    "worker": worker,
                    **dict(zip(SUMS, sums, strict=True)),
                }
                for (operation, outcome, worker), sums in sorted(self._sums.items())
            ],
        )


def fold(db: Database, tx: Transaction, before: int) -> None:
    """Add the minutes before this one up in minute 0: how many there ever were is not forgotten."""
    db.hold(tx, ["tallies"])
    old = {"before": before}
    tx.run(
        f"INSERT INTO tallies (minute, operation, outcome, worker, {', '.join(SUMS)})"  # nosec B608 - constants and names that stand in the code
        f" SELECT 0, operation, outcome, '', {', '.join(f'sum({one})' for one in SUMS)}"
        " FROM tallies WHERE minute > 0 AND minute < :before GROUP BY operation, outcome" + ADD_UP,
        old,
    )
    tx.run("DELETE FROM tallies WHERE minute > 0 AND minute < :before", old)
