"""What goes on as a whole: who works on what, how long the queues are, how jobs ended lately.

Every statement reads an index or a small table, and none of them more of it than a bound.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from headway.estimate import (
    NO_ESTIMATE,
    Durations,
    Estimate,
    until_due,
    while_running,
    while_waiting,
)
from headway.job import Job, Status, Waiting
from headway.store.database import Database, Transaction
from headway.store.meters import (
    READY,
    delayed_of,
    own,
    read_meters,
    running_of,
    waiting_operations,
)
from headway.store.pauses import paused_since
from headway.store.rows import dumps
from headway.store.tallies import MINUTE, TALLIED_MINUTES
from headway.store.values import COUNTED, Depth, Ended, Meters, OwnerLoad, RunningJob, WorkerLoad
from headway.store.workers import ALIVE, WORKER_COLUMNS, worker_from_row

LINE: Final = 1000
"""Places in a queue that are told apart."""


class SqlOverview:
    """See `store.contract.Overview`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def estimates(self, jobs: Collection[Job], shared: Collection[str]) -> dict[str, Estimate]:
        """See `Overview.estimates`."""
        running = [job for job in jobs if job.status is Status.RUNNING]
        waiting = [job for job in jobs if job.status is Status.PENDING]
        if not (running or waiting):
            return {}
        with self._db.read() as tx:
            now = self._db.now(tx)
            found = self._of_running(tx, running, now) if running else {}
            if waiting:
                found |= self._of_waiting(tx, waiting, shared, now)
        return found

    def workers(self) -> list[WorkerLoad]:
        """See `Overview.workers`."""
        with self._db.read() as tx:
            now = self._db.now(tx)
            rows = tx.rows(
                f"SELECT {WORKER_COLUMNS} FROM workers WHERE {ALIVE} ORDER BY started_at, id",
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

    def loads(self, *, limit: int = 20) -> list[OwnerLoad]:
        """See `Overview.loads`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT owner, unfinished, active FROM loads WHERE unfinished > 0"
                " ORDER BY unfinished DESC, owner LIMIT :limit",
                {"limit": limit},
            )
        return [OwnerLoad(*row) for row in rows]

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

    def _of_running(self, tx: Transaction, jobs: Sequence[Job], now: float) -> dict[str, Estimate]:
        wanted = self._db.rows_of({"wanted": "bigint"})
        rows = tx.rows(
            f"SELECT job, older_at, older, newer_at, newer FROM {wanted} AS w"
            " JOIN paces ON paces.job = w.wanted JOIN jobs ON jobs.seq = paces.job"
            " AND jobs.lease_token = paces.token",
            {"rows": dumps([[job.seq] for job in jobs])},
        )
        marks = {row[0]: row[1:] for row in rows}
        found = {}
        for job in jobs:
            if job.seq in marks:
                older_at, older, newer_at, newer = marks[job.seq]
                stretches = [
                    (now - older_at, job.progress - older),
                    (now - newer_at, job.progress - newer),
                ]
                found[job.id] = Estimate(left=while_running(job.progress, stretches))
        return found

    def _of_waiting(
        self, tx: Transaction, jobs: Sequence[Job], shared: Collection[str], now: float
    ) -> dict[str, Estimate]:
        operations = sorted({job.operation for job in jobs})
        durations = self._durations(tx, operations, now)
        slots = _slots(tx, operations, shared, now)
        places = self._places(tx, [job for job in jobs if job.waiting_for is None])
        found = {}
        for job in jobs:
            usual = durations.get(job.operation, Durations())
            if job.waiting_for in (Waiting.TIME, Waiting.RETRY) and job.run_at is not None:
                found[job.id] = Estimate(left=until_due(max(0.0, job.run_at - now), usual))
            elif job.seq in places:
                place = places[job.seq]
                left = while_waiting(place, slots[job.operation], usual)
                found[job.id] = Estimate(place, left)
        paused = paused_since(tx)
        stopped = [job.id for job in jobs if job.operation in paused and job.waiting_for is None]
        return found | {
            id: Estimate(found.get(id, NO_ESTIMATE).position, paused=True) for id in stopped
        }

    def _places(self, tx: Transaction, jobs: Sequence[Job]) -> dict[int, int]:
        """The places of these due jobs, each in the queue of its operation."""
        wanted = self._db.rows_of({"wanted": "bigint"})
        places: dict[int, int] = {}
        for operation in sorted({job.operation for job in jobs}):
            rows = tx.rows(
                "SELECT seq, place FROM (SELECT seq,"
                " row_number() OVER (ORDER BY priority, turn, seq) AS place FROM"
                " (SELECT seq, priority, turn FROM jobs WHERE operation = :operation"
                f" AND {READY} ORDER BY priority, turn, seq LIMIT :line) AS first) AS placed"
                f" WHERE seq IN (SELECT wanted FROM {wanted} AS w)",
                {
                    "operation": operation,
                    "line": LINE,
                    "rows": dumps([[job.seq] for job in jobs if job.operation == operation]),
                },
            )
            places.update(rows)
        return places

    def _durations(
        self, tx: Transaction, operations: Sequence[str], now: float
    ) -> dict[str, Durations]:
        wanted = self._db.rows_of({"wanted": "text"})
        rows = tx.rows(
            "SELECT operation, sum(count), sum(seconds), sum(squares) FROM tallies"
            " WHERE minute > :since AND outcome = 'completed'"
            f" AND operation IN (SELECT wanted FROM {wanted} AS w) GROUP BY operation",
            {
                "since": now // MINUTE - TALLIED_MINUTES,
                "rows": dumps([[one] for one in operations]),
            },
        )
        return {name: Durations(int(count), sum, squares) for name, count, sum, squares in rows}


def _line(tx: Transaction, operation: str, now: float) -> tuple[int, float | None]:
    """How many wait for the operation, and for how long the first submitted of them has."""
    without_shards = own(tx, f"{READY} AND operation = :operation", {"operation": operation})
    row = tx.row(
        "SELECT count(*), min(seq) FROM (SELECT seq FROM jobs WHERE operation = :operation"
        f" AND {READY}{without_shards} ORDER BY priority, turn, seq LIMIT :most) AS counted",
        {"operation": operation, "most": COUNTED},
    )
    count, oldest = row or (0, None)
    came = tx.value("SELECT created_at FROM jobs WHERE seq = :seq", {"seq": oldest})
    return count, None if came is None else max(0.0, now - came)


def _slots(
    tx: Transaction, operations: Sequence[str], shared: Collection[str], now: float
) -> dict[str, int]:
    """How many jobs of each operation can run at a time."""
    alive = [
        worker_from_row(row)
        for row in tx.rows(f"SELECT {WORKER_COLUMNS} FROM workers WHERE {ALIVE}", {"now": now})
    ]
    return {
        name: sum(
            one.async_slots if name in shared else one.slots
            for one in alive
            if name in one.operations
        )
        for name in operations
    }
