"""What is removed with a user: everything that is his, and what would tell of him."""

from typing import Final

from headway.errors import Conflict
from headway.store.burial import Family, bury, fitting
from headway.store.database import Database, Transaction
from headway.store.identity import Holdings
from headway.store.repeat import repeating
from headway.store.states import ENDED, OWN, UNFINISHED
from headway.store.walks import OPERATIONS

_SHARED: Final = "owner = :owner AND shared AND deleted_at IS NULL"
_REST: Final = (
    "DELETE FROM tombstones WHERE owner = :owner",
    "DELETE FROM idempotency WHERE owner = :owner",
    "DELETE FROM answers WHERE owner = :owner",
    "DELETE FROM turns WHERE owner = :owner",
    "DELETE FROM aliases WHERE owner = :owner",
    "DELETE FROM alias_moves WHERE owner = :owner",
    "DELETE FROM uses WHERE artifact IN (SELECT id FROM artifacts WHERE owner = :owner)",
    "DELETE FROM artifacts WHERE owner = :owner",
    "DELETE FROM requests WHERE owner = :owner",
    "DELETE FROM contacts WHERE owner = :owner",
    "DELETE FROM api_keys WHERE owner = :owner",
    "DELETE FROM users WHERE name = :owner",
)


@repeating
class SqlErasure:
    """See `store.identity.Erasure`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def holdings(self, owner: str) -> Holdings:
        """See `Erasure.holdings`."""
        with self._db.read() as tx:
            return Holdings(
                jobs=_count(tx, "jobs", _jobs(self._db), owner),
                artifacts=_count(tx, "artifacts", "owner = :owner", owner),
                shared=_count(tx, "artifacts", _SHARED, owner),
            )

    def unfinished(self, owner: str, *, limit: int = 500) -> list[str]:
        """See `Erasure.unfinished`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT id FROM jobs WHERE {_jobs(self._db)} AND {UNFINISHED} LIMIT :limit",  # nosec B608 - constants
                {"owner": owner, "limit": limit},
            )
        return [id for (id,) in rows]

    def erase_jobs(self, owner: str, *, limit: int = 500) -> list[str]:
        """See `Erasure.erase_jobs`."""
        with self._db.write() as tx:
            ended = tx.rows(
                f"SELECT seq, id, last_event, shards FROM jobs WHERE {_jobs(self._db)} AND {ENDED}"  # nosec B608 - constants and a lock
                f" LIMIT :limit{self._db.for_update}",
                {"owner": owner, "limit": limit},
            )
            families = fitting(tx, [Family.of_row(tx, row) for row in ended])
            bury(self._db, tx, families)
        return [id for one in families for id in one.ids]

    def erase_rest(self, owner: str) -> None:
        """See `Erasure.erase_rest`."""
        with self._db.write() as tx:
            if _count(tx, "jobs", _jobs(self._db), owner):
                raise Conflict(
                    "expected no jobs of a user who is removed, got one that has just come;"
                    " remove him once more"
                )
            for statement in _REST:
                tx.run(statement, {"owner": owner})


def _jobs(db: Database) -> str:
    """A condition for his jobs, by the index that has them by operation. Their shards are cancelled
    and removed with them."""
    return f"{OWN} AND owner = :owner AND {db.among('operation', OPERATIONS)}"


def _count(tx: Transaction, table: str, where: str, owner: str) -> int:
    return int(tx.value(f"SELECT count(*) FROM {table} WHERE {where}", {"owner": owner}))  # nosec B608 - names that stand in the code
