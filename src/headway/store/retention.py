"""What is removed when it is old, and the tombstone that tells of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from headway.job import FINISHED, Status
from headway.store.burial import Family, bury, fitting
from headway.store.contract.retention import ALIKE
from headway.store.database import Database, Row, Transaction
from headway.store.repeat import repeating
from headway.store.rows import dumps
from headway.store.sign_ins import PLACES_KEPT
from headway.store.states import ENDED
from headway.store.tallies import MINUTE, TALLIED_MINUTES, fold
from headway.store.values.history import Forgotten, Pruned, Tombstone

_ENDED: Final = (
    f"parent IS NULL AND {ENDED} AND completed_at <="
    " CASE status WHEN 'completed' THEN :completed WHEN 'failed' THEN :failed ELSE :cancelled END"
)


@repeating
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

    def forget_checkpoints(self, *, after: int = 0, limit: int = 500) -> Forgotten:
        """See `Retention.forget_checkpoints`."""
        with self._db.read() as tx:
            rows = tx.rows(_WITH_CHECKPOINTS, {"after": after, "limit": limit})
        spent = [seq for seq, is_spent in rows if is_spent]
        next = rows[-1][0] if len(rows) == limit else None
        if not spent:
            return Forgotten((), next)
        wanted = self._db.rows_of({"wanted": "bigint"})
        with self._db.write() as tx:
            forgotten = tx.rows(
                f"DELETE FROM checkpoints WHERE job IN (SELECT wanted FROM {wanted} AS w)"  # nosec B608 - `rows_of`
                " RETURNING path",
                {"rows": dumps([[seq] for seq in spent])},
            )
        return Forgotten([path for (path,) in forgotten if path is not None], next)

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
    ) -> list[Family]:
        """Those that nobody retried or pruned meanwhile."""
        wanted = self._db.rows_of({"wanted": "bigint"})
        rows = tx.rows(
            f"SELECT seq, id, last_event, shards FROM jobs WHERE seq IN (SELECT wanted FROM {wanted} AS w)"  # nosec B608 - constants, `rows_of` and a lock
            f" AND {_ENDED} ORDER BY seq{self._db.for_update}",
            {"rows": dumps([[seq] for seq in seqs]), **before},
        )
        return [Family.of_row(tx, row) for row in rows]


# What has completed without a failed item cannot be retried, so nothing of this changes meanwhile.
_WITH_CHECKPOINTS: Final = (
    "SELECT job, CASE WHEN status = 'completed' AND failed = 0 THEN 1 ELSE 0 END"
    " FROM (SELECT DISTINCT job FROM checkpoints WHERE job > :after ORDER BY job LIMIT :limit) AS c"
    " LEFT JOIN jobs ON jobs.seq = c.job ORDER BY job"
)

# Each looks at the oldest `limit` rows only, in the order in which they were made.
_KEYS: Final = (
    "DELETE FROM idempotency WHERE at <= :keys"
    " AND job IN (SELECT job FROM idempotency ORDER BY job LIMIT :limit)"
)
_ANSWERS: Final = (
    "DELETE FROM answers WHERE (owner, scope, key) IN (SELECT owner, scope, key FROM answers"
    " WHERE at <= :keys ORDER BY at LIMIT :limit)"
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
    _KEYS, _ANSWERS, _TOMBSTONES, _WORKERS, _TURNS, _TOKENS, _FAILURES, _PLACES,
)  # fmt: skip


def _look(
    tx: Transaction, before: Mapping[str, float], after: int, limit: int
) -> tuple[list[int], int | None]:
    """Which of the next jobs ended before, and where to look on: no job ended before it began."""
    rows = tx.rows(
        f"SELECT seq, created_at, CASE WHEN {_ENDED} THEN 1 ELSE 0 END FROM jobs WHERE seq > :after"  # nosec B608 - constants
        " ORDER BY seq LIMIT :limit",
        {**before, "after": after, "limit": limit},
    )
    done = len(rows) < limit or rows[-1][1] > max(before.values())
    return [seq for seq, _, ended in rows if ended], None if done else rows[-1][0]


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
