"""What is removed when it is old, and the tombstone that tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headway.job import FINISHED, Status
from headway.store.contract import ALIKE
from headway.store.database import Database, Row, Transaction
from headway.store.rows import dumps
from headway.store.sign_ins import PLACES_KEPT
from headway.store.tallies import MINUTE, TALLIED_MINUTES, fold
from headway.store.values import Pruned, Tombstone

EVENTS_AT_ONCE: Final = 10_000
"""Events deleted in one transaction: nobody may wait long for his turn to write."""

_ENDED: Final = (
    "parent IS NULL AND status IN ('completed', 'failed', 'cancelled') AND completed_at <="
    " CASE status WHEN 'completed' THEN :completed WHEN 'failed' THEN :failed ELSE :cancelled END"
)
_OF_JOBS: Final = (
    "events",
    "inputs",
    "attempts",
    "checkpoints",
    "parts",
    "idempotency",
    "paces",
    "notices",
    "deliveries",
)


class SqlRetention:
    """See `store.contract.Retention`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def prune(
        self,
        keep: float,
        *,
        by_status: Mapping[Status, float] = ALIKE,
        after: int = 0,
        limit: int = 500,
    ) -> Pruned:
        """See `Retention.prune`.

        It walks along the jobs' key: an index by end would cost each job something when it ends.
        """
        with self._db.read() as tx:
            now = self._db.now(tx)
            before = {status.value: now - by_status.get(status, keep) for status in FINISHED}
            seqs, next = _look(tx, before, after, limit)
        if not seqs:
            return Pruned((), next)
        with self._db.write() as tx:
            ended = self._still_ended(tx, seqs, before)
            families = fitting(tx, ended)
            bury(self._db, tx, families)
        if len(families) < len(ended):  # the rest is for the next transaction
            next = families[-1].seq if families else after
        return Pruned([id for one in families for id in one.ids], next)

    def tidy(self, *, workers: float, keys: float, tombstones: float, limit: int = 500) -> int:
        """See `Retention.tidy`."""
        ages = {"workers": workers, "keys": keys, "tombstones": tombstones}
        with self._db.write() as tx:
            now = self._db.now(tx)
            before: dict[str, float] = {name: now - age for name, age in ages.items()}
            before["now"] = now
            before["places"] = now - PLACES_KEPT
            before["minute"] = int(now // MINUTE) - TALLIED_MINUTES
            tx.run("DELETE FROM loads WHERE unfinished = 0 AND active = 0")
            fold(self._db, tx, int(now // MINUTE) - TALLIED_MINUTES)
            return sum(tx.run(sql, before | {"limit": limit}) for sql in _TIDY)

    def tombstone(self, job_id: str) -> Tombstone | None:
        """See `Retention.tombstone`."""
        with self._db.read() as tx:
            row = tx.row(
                "SELECT id, owner, operation, status, completed_at, pruned_at FROM tombstones"
                " WHERE id = :id",
                {"id": job_id},
            )
        return None if row is None else _tombstone_from_row(row)

    def _still_ended(
        self, tx: Transaction, seqs: Sequence[int], before: Mapping[str, float]
    ) -> "list[Family]":
        """Those that nobody retried or pruned meanwhile."""
        wanted = self._db.rows_of({"wanted": "bigint"})
        rows = tx.rows(
            f"SELECT seq, id, last_event, shards FROM jobs WHERE seq IN (SELECT wanted FROM {wanted} AS w)"
            f" AND {_ENDED} ORDER BY seq{self._db.for_update}",
            {"rows": dumps([[seq] for seq in seqs]), **before},
        )
        return [Family.of_row(tx, row) for row in rows]


def bury(db: Database, tx: Transaction, families: Sequence["Family"]) -> None:
    """Leave tombstones of these jobs, and nothing else; of their shards nothing at all."""
    wanted = db.rows_of({"wanted": "bigint"})
    rows = {"rows": dumps([[seq] for one in families for seq in one.seqs])}
    tx.run(
        "INSERT INTO tombstones (id, owner, operation, status, completed_at, pruned_at)"
        " SELECT id, owner, operation, status, completed_at, :now"
        f" FROM {wanted} AS w JOIN jobs ON jobs.seq = w.wanted WHERE parent IS NULL",
        rows | {"now": db.now(tx)},
    )
    for table in _OF_JOBS:
        tx.run(f"DELETE FROM {table} WHERE job IN (SELECT wanted FROM {wanted} AS w)", rows)
    # What a job read is kept for as long as something that it made may be asked where from.
    tx.run(
        f"DELETE FROM uses WHERE job IN (SELECT wanted FROM {wanted} AS w WHERE NOT EXISTS"
        " (SELECT 1 FROM artifacts WHERE artifacts.job = w.wanted))",
        rows,
    )
    tx.run(f"DELETE FROM jobs WHERE seq IN (SELECT wanted FROM {wanted} AS w)", rows)


# Each looks at the oldest `limit` rows only, in the order in which they were made.
_KEYS: Final = (
    "DELETE FROM idempotency WHERE at <= :keys"
    " AND job IN (SELECT job FROM idempotency ORDER BY job LIMIT :limit)"
)
_TOMBSTONES: Final = (
    "DELETE FROM tombstones WHERE pruned_at <= :tombstones"
    " AND seq IN (SELECT seq FROM tombstones ORDER BY seq LIMIT :limit)"
)
_WORKERS: Final = (
    "DELETE FROM workers WHERE id IN (SELECT id FROM workers WHERE left_at <= :workers"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker = workers.id AND status = 'running')"
    " LIMIT :limit)"
)
# An owner's next turn is the one being served or the one after his last, whichever is later: a
# last turn that was passed says nothing any more.
_TURNS: Final = (
    "DELETE FROM turns WHERE (owner, priority) IN (SELECT turns.owner, turns.priority FROM turns"
    " JOIN serving USING (priority) WHERE turns.turn < serving.turn LIMIT :limit)"
)
# An expired token is void without a row that says so.
_TOKENS: Final = (
    "DELETE FROM ended_tokens WHERE id IN (SELECT id FROM ended_tokens WHERE expires_at < :now"
    " LIMIT :limit)"
)
_FAILURES: Final = (
    "DELETE FROM sign_in_failures WHERE (minute, subject) IN (SELECT minute, subject"
    " FROM sign_in_failures WHERE minute < :minute ORDER BY minute LIMIT :limit)"
)
_PLACES: Final = (
    "DELETE FROM sign_in_places WHERE subject IN (SELECT subject FROM sign_in_places"
    " WHERE at < :places LIMIT :limit)"
)
_TIDY: Final = (
    _KEYS, _TOMBSTONES, _WORKERS, _TURNS, _TOKENS, _FAILURES, _PLACES,
)  # fmt: skip


def _look(
    tx: Transaction, before: Mapping[str, float], after: int, limit: int
) -> tuple[list[int], int | None]:
    """Which of the next jobs ended before, and where to look on: no job ended before it began."""
    rows = tx.rows(
        f"SELECT seq, created_at, CASE WHEN {_ENDED} THEN 1 ELSE 0 END FROM jobs WHERE seq > :after"
        " ORDER BY seq LIMIT :limit",
        {**before, "after": after, "limit": limit},
    )
    done = len(rows) < limit or rows[-1][1] > max(before.values())
    return [seq for seq, _, ended in rows if ended], None if done else rows[-1][0]


@dataclass(frozen=True, slots=True)
class Family:
    """A job that is to be removed, together with its shards."""

    seqs: Sequence[int]
    """The job's own first."""
    ids: Sequence[str]
    last_event: int
    """Of all of them together."""

    @property
    def seq(self) -> int:
        """The job's."""
        return self.seqs[0]

    @classmethod
    def of_row(cls, tx: Transaction, row: Row) -> "Family":
        """The job in the row, (seq, id, last event, number of shards), and the shards it has."""
        seq, id, last_event, shards = row
        family = [(seq, id, last_event)]
        if shards is not None:
            family += tx.rows(
                "SELECT seq, id, last_event FROM jobs WHERE parent = :id ORDER BY seq", {"id": id}
            )
        return cls(
            [one[0] for one in family], [one[1] for one in family], sum(one[2] for one in family)
        )


def fitting(tx: Transaction, ended: Sequence[Family]) -> list[Family]:
    """As many of these jobs as one transaction can take.

    A job with more events than that loses its oldest ones first, transaction by transaction.
    """
    found: list[Family] = []
    room = EVENTS_AT_ONCE
    for one in ended:
        events = one.last_event
        if events > EVENTS_AT_ONCE:
            events = sum(_count(tx, seq) for seq in one.seqs)
        if events > room:
            if not found:
                _trim(tx, one.seqs)
            break
        room -= events
        found.append(one)
    return found


def _count(tx: Transaction, seq: int) -> int:
    return int(
        tx.value(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE job = :seq LIMIT :most) AS first_ones",
            {"seq": seq, "most": EVENTS_AT_ONCE + 1},
        )
    )


def _trim(tx: Transaction, seqs: Sequence[int]) -> None:
    most = EVENTS_AT_ONCE
    for seq in seqs:
        most -= tx.run(
            "DELETE FROM events WHERE job = :seq AND number IN"
            " (SELECT number FROM events WHERE job = :seq ORDER BY number LIMIT :most)",
            {"seq": seq, "most": most},
        )
        if most <= 0:
            break


def _tombstone_from_row(row: Row) -> Tombstone:
    id, owner, operation, status, completed_at, pruned_at = row
    return Tombstone(
        id=id,
        owner=owner,
        operation=operation,
        status=Status(status),
        completed_at=completed_at,
        pruned_at=pruned_at,
    )
