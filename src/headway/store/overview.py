"""What goes on as a whole: who works on what, how long the queues are, how jobs ended lately.

Every statement reads an index or a small table, and none of them more of it than a bound.
"""

from collections import defaultdict
from collections.abc import Collection

from headway.job import Status
from headway.store.database import Database, Transaction
from headway.store.line import look_ahead
from headway.store.meters import (
    delayed_of,
    own,
    read_meters,
    running_of,
    waiting_operations,
)
from headway.store.states import READY
from headway.store.tallies import MINUTE, TALLIED_MINUTES
from headway.store.values.meters import COUNTED, Depth, Ended, Meters
from headway.store.values.outlook import Outlook
from headway.store.values.workers import RunningJob, WorkerLoad
from headway.store.workers import ALIVE, WORKER_COLUMNS, worker_from_row


class SqlOverview:
    """See `store.contract.Overview`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def outlook(self, shared: Collection[str]) -> Outlook:
        """See `Overview.outlook`."""
        with self._db.read() as tx:
            return look_ahead(self._db, tx, shared)

    def workers(self) -> list[WorkerLoad]:
        """See `Overview.workers`."""
        with self._db.read() as tx:
            now = self._db.now(tx)
            rows = tx.rows(
                f"SELECT {WORKER_COLUMNS} FROM workers WHERE {ALIVE} ORDER BY started_at, id",  # nosec B608 - constants
                {"now": now},
            )
            held = defaultdict(list)
            for worker, *job in tx.rows(
                "SELECT worker, id, owner, operation FROM jobs WHERE status = 'running'"
                " ORDER BY worker, seq"
            ):
                held[worker].append(RunningJob(*job))
        alive = [worker_from_row(row) for row in rows]
        return [WorkerLoad(one, max(0.0, now - one.beat_at), held[one.id]) for one in alive]

    def depth(self) -> list[Depth]:
        """See `Overview.depth`."""
        with self._db.read() as tx:
            now = self._db.now(tx)
            waiting = {name: _line(tx, name, now) for name in waiting_operations(tx)}
            delayed, running = delayed_of(tx), running_of(tx)
        return [
            Depth(
                operation=name,
                waiting=waiting.get(name, (0, None))[0],
                delayed=delayed.get(name, 0),
                running=running.get(name, 0),
                oldest=waiting.get(name, (0, None))[1],
            )
            for name in sorted({*waiting, *delayed, *running})
        ]

    def meters(self) -> Meters:
        """See `Overview.meters`."""
        with self._db.read() as tx:
            return read_meters(tx, self._db.now(tx), self._db.log_bytes())

    def ended(self) -> list[Ended]:
        """See `Overview.ended`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT minute, operation, outcome, sum(count), sum(seconds) FROM tallies"
                " WHERE minute > :since AND outcome IN ('completed', 'failed', 'cancelled')"
                " GROUP BY minute, operation, outcome"
                " ORDER BY minute, operation, outcome",
                {"since": self._db.now(tx) // MINUTE - TALLIED_MINUTES},
            )
        return [
            Ended(
                minute=float(minute * MINUTE),
                operation=operation,
                outcome=Status(outcome),
                count=int(count),
                seconds=seconds,
            )
            for minute, operation, outcome, count, seconds in rows
        ]


def _line(tx: Transaction, operation: str, now: float) -> tuple[int, float | None]:
    """How many wait for the operation, and for how long the first submitted of them has."""
    without_shards = own(tx, f"{READY} AND operation = :operation", {"operation": operation})
    row = tx.row(
        "SELECT count(*), min(seq) FROM (SELECT seq FROM jobs WHERE operation = :operation"  # nosec B608 - constants and names that stand in the code
        f" AND {READY}{without_shards} ORDER BY priority, turn, seq LIMIT :most) AS counted",
        {"operation": operation, "most": COUNTED},
    )
    count, oldest = row or (0, None)
    came = tx.value("SELECT created_at FROM jobs WHERE seq = :seq", {"seq": oldest})
    return count, None if came is None else max(0.0, now - came)
