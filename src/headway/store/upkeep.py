"""The store's log in bounds, and what is asked before files are removed: who still needs them."""

from collections.abc import Collection

from headway.store.database import Database
from headway.store.rows import dumps


class SqlUpkeep:
    """See `store.contract.Upkeep`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def shrink_log(self) -> int:
        """See `Upkeep.shrink_log`."""
        return self._db.shrink_log()

    def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """See `Upkeep.known_jobs`."""
        return self._known("jobs.id", job_ids)

    def unfinished_jobs(self, job_ids: Collection[str]) -> set[str]:
        """See `Upkeep.unfinished_jobs`."""
        return self._known("jobs.id", job_ids, " AND jobs.status IN ('pending', 'running')")

    def known_files(self, paths: Collection[str]) -> set[str]:
        """See `Upkeep.known_files`."""
        return self._known("artifacts.path", paths, " AND artifacts.deleted_at IS NULL")

    def busy_since(self) -> float | None:
        """See `Upkeep.busy_since`."""
        with self._db.read() as tx:
            since = tx.value(
                "SELECT min(claimed_at) FROM jobs WHERE status = 'running' AND worker IS NOT NULL"
            )
        return None if since is None else float(since)

    def _known(self, column: str, values: Collection[str], still: str = "") -> set[str]:
        table = column.partition(".")[0]
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT w.wanted FROM {wanted} AS w JOIN {table} ON {column} = w.wanted{still}",  # nosec B608 - `rows_of` and names that stand in the code
                {"rows": dumps([[one] for one in values])},
            )
        return {row[0] for row in rows}
