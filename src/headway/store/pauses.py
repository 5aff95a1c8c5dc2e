"""Operations that operators have paused: no claim looks at their jobs."""

from collections.abc import Mapping

from headway.store.database import Database, Transaction
from headway.store.repeat import repeating


@repeating
class SqlPauses:
    """See `store.contract.Pauses`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def pause(self, operation: str) -> bool:
        """See `Pauses.pause`."""
        with self._db.write() as tx:
            paused = tx.run(
                "INSERT INTO pauses (operation, at) VALUES (:operation, :now)"
                " ON CONFLICT (operation) DO NOTHING",
                {"operation": operation, "now": self._db.now(tx)},
            )
        return paused == 1

    def resume(self, operation: str) -> bool:
        """See `Pauses.resume`."""
        with self._db.write() as tx:
            resumed = tx.run(
                "DELETE FROM pauses WHERE operation = :operation", {"operation": operation}
            )
        return resumed == 1

    def all(self) -> Mapping[str, float]:
        """See `Pauses.all`."""
        with self._db.read() as tx:
            return paused_since(tx)


def paused_since(tx: Transaction) -> dict[str, float]:
    """The paused operations, and since when each is."""
    return dict(tx.rows("SELECT operation, at FROM pauses ORDER BY operation"))
