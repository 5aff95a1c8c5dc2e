"""From what an artefact was made, and what was made from it: a walk along the jobs between them."""

from collections.abc import Collection

from headway.job import Status
from headway.store.database import Database, Transaction
from headway.store.rows import ARTIFACT_COLUMNS, artifact_from_row, dumps
from headway.store.values.artifacts import StoredArtifact
from headway.store.values.lineage import Lineage, LineageJob


def lineage_of(db: Database, tx: Transaction, artifact_id: str, most: int) -> Lineage:
    """See `Artifacts.lineage`: up to all sources, and down to all that came of it."""
    walk = _Walk(db, tx, most)
    walk.up({artifact_id})
    walk.down({artifact_id})
    return Lineage(
        artifacts=walk.artifacts(),
        jobs=walk.jobs(),
        used=sorted(walk.used),
        made=sorted(walk.made),
    )


class _Walk:
    """What was met so far. Each step is two statements, however many it takes along."""

    def __init__(self, db: Database, tx: Transaction, most: int) -> None:
        self._db = db
        self._tx = tx
        self._most = most
        self.used: set[tuple[str, int]] = set()
        self.made: set[tuple[int, str]] = set()
        self._met: set[str] = set()

    def up(self, ids: set[str]) -> None:
        """To the jobs that made these, and on to what those jobs read."""
        seen: set[str] = set()
        while ids and len(self._met) < self._most:
            self._met |= ids
            seen |= ids
            made = {(job, id) for id, job in self._pairs("id", "job", "artifacts", "id", ids)}
            jobs = {job for job, _ in made}
            used = self._pairs("artifact", "job", "uses", "job", jobs)
            self.made |= made
            self.used |= used
            ids = {id for id, _ in used} - seen

    def down(self, ids: set[str]) -> None:
        """To the jobs that read these, and on to what those jobs made."""
        seen: set[str] = set()
        while ids and len(self._met) < self._most:
            self._met |= ids
            seen |= ids
            jobs = {job for _, job in self._pairs("artifact", "job", "uses", "artifact", ids)}
            used = self._pairs("artifact", "job", "uses", "job", jobs)
            made = {(job, id) for id, job in self._pairs("id", "job", "artifacts", "job", jobs)}
            self.used |= used
            self.made |= made
            ids = {id for _, id in made} - seen

    def artifacts(self) -> dict[str, StoredArtifact]:
        """All that were met and have a row, also deleted ones."""
        ids = self._met | {id for id, _ in self.used} | {id for _, id in self.made}
        rows = self._tx.rows(
            f"SELECT {ARTIFACT_COLUMNS} FROM {self._wanted('text')} AS w"  # nosec B608 - constants and `rows_of`
            " JOIN artifacts ON artifacts.id = w.wanted",
            {"rows": dumps([[one] for one in ids])},
        )
        found = [artifact_from_row(row) for row in rows]
        return {one.id: one for one in found}

    def jobs(self) -> list[LineageJob]:
        """All between them; what was pruned is known by what it left."""
        seqs = {job for _, job in self.used} | {job for job, _ in self.made}
        rows = self._tx.rows(
            "SELECT w.wanted, coalesce(jobs.id, left_by.id), coalesce(jobs.operation,"  # nosec B608 - `rows_of`
            " left_by.operation, ''), jobs.status, coalesce(jobs.owner, left_by.owner),"
            " coalesce(jobs.completed_at, left_by.completed_at)"
            f" FROM {self._wanted('bigint')} AS w LEFT JOIN jobs ON jobs.seq = w.wanted"
            " LEFT JOIN tombstones AS left_by ON jobs.seq IS NULL AND left_by.id ="
            " (SELECT made_by FROM artifacts WHERE artifacts.job = w.wanted LIMIT 1)"
            " ORDER BY w.wanted",
            {"rows": dumps([[one] for one in seqs])},
        )
        return [
            LineageJob(
                seq=seq,
                id=id,
                operation=operation,
                status=None if status is None else Status(status),
                owner=owner,
                completed_at=completed_at,
            )
            for seq, id, operation, status, owner, completed_at in rows
            if id is not None
        ]

    def _pairs(
        self, left: str, right: str, table: str, by: str, values: Collection[object]
    ) -> set[tuple[str, int]]:
        """(left, right) of every row of the table whose column `by` is among the values."""
        kind = "bigint" if by == "job" else "text"
        rows = self._tx.rows(
            f"SELECT {left}, {right} FROM {self._wanted(kind)} AS w"  # nosec B608 - `rows_of` and names that stand in the code
            f" JOIN {table} ON {table}.{by} = w.wanted WHERE {right} IS NOT NULL LIMIT :most",
            {"rows": dumps([[one] for one in values]), "most": 10 * self._most},
        )
        return {(row[0], row[1]) for row in rows}

    def _wanted(self, kind: str) -> str:
        return self._db.rows_of({"wanted": kind})
