"""Who is alive: a worker's lease holds all of its claims, and ends with its beats."""

from collections.abc import Collection
from typing import Final

from headway.store.database import Database, Row, Transaction
from headway.store.repeat import repeating
from headway.store.reports import write_reports
from headway.store.rows import JOB_COLUMNS, JOB_WIDTH, dumps, job_from_row, loads
from headway.store.tallies import Tallies
from headway.store.values.attempts import Report
from headway.store.values.meters import Incident
from headway.store.values.workers import WorkerInfo
from headway.verdict import interrupted

WORKER_COLUMNS: Final = (
    "id, host, pid, slots, async_slots, operations, place, started_at, beat_at, expires_at"
)
LOST: Final = "the worker was lost"
ALIVE: Final = "left_at IS NULL AND expires_at > :now"


@repeating
class SqlWorkers:
    """See `store.contract.Workers`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def join(self, worker: WorkerInfo, lease: float) -> None:
        """See `Workers.join`."""
        with self._db.write() as tx:
            now = self._db.now(tx)
            tx.run(
                "INSERT INTO workers (id, host, pid, slots, async_slots, operations, place,"
                " started_at, beat_at, expires_at) VALUES (:id, :host, :pid, :slots,"
                " :async_slots, :operations, :place, :now, :now, :expires)",
                {
                    "id": worker.id,
                    "host": worker.host,
                    "pid": worker.pid,
                    "slots": worker.slots,
                    "async_slots": worker.async_slots,
                    "operations": dumps(list(worker.operations)),
                    "place": worker.place,
                    "now": now,
                    "expires": now + lease,
                },
            )
            if worker.place is not None:
                self._replace(tx, worker, now)

    def beat(self, worker: str, lease: float) -> bool:
        """See `Workers.beat`."""
        with self._db.write() as tx:
            now = self._db.now(tx)
            extended = tx.run(
                "UPDATE workers SET beat_at = :now, expires_at = :expires"
                " WHERE id = :id AND expires_at > :now AND left_at IS NULL",
                {"id": worker, "now": now, "expires": now + lease},
            )
        return extended == 1

    def leave(self, worker: str) -> None:
        """See `Workers.leave`."""
        with self._db.write() as tx:
            now = self._db.now(tx)
            tx.run(
                "UPDATE workers SET left_at = :now, expires_at = :now WHERE id = :id"
                " AND left_at IS NULL",
                {"id": worker, "now": now},
            )
            self._give_back(tx, [worker], now, "the worker was stopped", limit=10_000)

    def expired(self) -> set[str]:
        """See `Workers.expired`."""
        with self._db.read() as tx:
            now = self._db.now(tx)
            rows = tx.rows(
                "SELECT id FROM workers WHERE expires_at <= :now AND (left_at IS NULL OR EXISTS"
                " (SELECT 1 FROM jobs WHERE jobs.worker = workers.id AND status = 'running'))",
                {"now": now},
            )
        return {row[0] for row in rows}

    def reap(self, workers: Collection[str], limit: int) -> int:
        """See `Workers.reap`."""
        wanted = self._db.rows_of({"wanted": "text"})
        self._db.end_stopped()  # one of them may have the rows of what it ran
        with self._db.write() as tx:
            now = self._db.now(tx)
            dead = [
                row[0]
                for row in tx.rows(
                    f"SELECT id FROM {wanted} AS w JOIN workers ON workers.id = w.wanted"  # nosec B608 - `rows_of`
                    " WHERE expires_at <= :now",
                    {"rows": dumps([[one] for one in workers]), "now": now},
                )
            ]
            given = self._give_back(tx, dead, now, LOST, limit)
            if given < limit:
                tx.run_many(
                    "UPDATE workers SET left_at = :now WHERE id = :id AND left_at IS NULL",
                    [{"id": one, "now": now} for one in dead],
                )
        return given

    def alive(self) -> list[WorkerInfo]:
        """See `Workers.alive`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {WORKER_COLUMNS} FROM workers WHERE {ALIVE} ORDER BY started_at",  # nosec B608 - constants
                {"now": self._db.now(tx)},
            )
        return [worker_from_row(row) for row in rows]

    def _replace(self, tx: Transaction, worker: WorkerInfo, now: float) -> None:
        """End the leases of those who were in this place before."""
        before = tx.rows(
            "SELECT id FROM workers WHERE place = :place AND id != :id AND left_at IS NULL",
            {"place": worker.place, "id": worker.id},
        )
        dead = [row[0] for row in before]
        tx.run_many(
            "UPDATE workers SET left_at = :now, expires_at = :now WHERE id = :id",
            [{"id": one, "now": now} for one in dead],
        )
        self._give_back(tx, dead, now, LOST, limit=10_000)

    def _give_back(
        self, tx: Transaction, workers: Collection[str], now: float, reason: str, limit: int
    ) -> int:
        """End the attempts of these workers: interrupted, and due again at once."""
        wanted = self._db.rows_of({"wanted": "text"})
        rows = tx.rows(
            f"SELECT {', '.join('jobs.' + name for name in JOB_COLUMNS.split(', '))}, lease_token"  # nosec B608 - `rows_of` and names that stand in the code
            f" FROM {wanted} AS w JOIN jobs ON jobs.worker = w.wanted AND jobs.status = 'running'"
            " ORDER BY seq LIMIT :limit",
            {"rows": dumps([[one] for one in workers]), "limit": limit},
        )
        lost = [(job_from_row(row), row[JOB_WIDTH]) for row in rows]
        reports = [
            Report(seq=job.seq, token=token, parent=job.parent, verdict=interrupted(job, reason))
            for job, token in lost
        ]
        write_reports(self._db, tx, reports, now)
        if reason == LOST:
            tallies = Tallies(now)
            for job, _ in lost:
                tallies.add(job.operation, Incident.EXPIRY, job.worker or "")
            tallies.save(tx)
        return len(reports)


def worker_from_row(row: Row) -> WorkerInfo:
    """The worker in a row of `WORKER_COLUMNS`."""
    id, host, pid, slots, async_slots, operations, place, started_at, beat_at, expires_at = row
    return WorkerInfo(
        id=id,
        host=host,
        pid=pid,
        slots=slots,
        async_slots=async_slots,
        operations=loads(operations),
        place=place,
        started_at=started_at,
        beat_at=beat_at,
        expires_at=expires_at,
    )
