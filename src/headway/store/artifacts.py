"""Data sets, models and uploaded files: which there are, and what users call them."""

from collections.abc import Collection
from typing import Final

from headway.errors import Conflict, NotFound
from headway.store.aliases import move_alias, published_name
from headway.store.database import Database, Transaction
from headway.store.lineage import lineage_of
from headway.store.references import PRESENT, resolved
from headway.store.repeat import repeating
from headway.store.rows import artifact_from_row, dumps
from headway.store.values.artifacts import AliasName, StoredArtifact
from headway.store.values.lineage import Lineage
from headway.verdict import Publication


def name_of(publication: Publication) -> str:
    """What to hold while its version is given."""
    return published_name(publication.kind, publication.name)


def insert_artifact(
    tx: Transaction, owner: str, publication: Publication, now: float, job: int | None
) -> None:
    """Make a file known as the next version of its name, and move its alias there.

    One that is known under this id stays as it is, or is back if it was deleted: an id that is
    made of the content can come again. Its alias is moved all the same.
    """
    made_by = tx.value("SELECT id FROM jobs WHERE seq = :job", {"job": job})
    tx.run(
        "INSERT INTO artifacts (id, kind, owner, name, version, path, sha256, size, meta,"
        " created_at, job, made_by) VALUES (:id, :kind, :owner, :name, 1 + coalesce((SELECT"
        " max(version) FROM artifacts WHERE owner = :owner AND kind = :kind AND name = :name), 0),"
        " :path, :sha256, :size, :meta, :now, :job, :made_by) ON CONFLICT (id) DO UPDATE SET"
        " path = excluded.path, deleted_at = NULL WHERE artifacts.deleted_at IS NOT NULL",
        {
            "id": publication.id,
            "kind": publication.kind,
            "owner": owner,
            "name": publication.name,
            "path": publication.path,
            "sha256": publication.sha256,
            "size": publication.size,
            "meta": dumps(publication.meta),
            "now": now,
            "job": job,
            "made_by": made_by,
        },
    )
    if publication.alias is not None:
        alias = AliasName(
            owner=owner,
            kind=publication.kind,
            name=publication.name,
            alias=publication.alias,
        )
        move_alias(tx, alias, publication.id, now, made_by=made_by)


def find_artifact(tx: Transaction, artifact_id: str) -> StoredArtifact | None:
    """The artefact of this id."""
    row = tx.row(f"{PRESENT} AND id = :id", {"id": artifact_id})
    return None if row is None else artifact_from_row(row)


@repeating
class SqlArtifacts:
    """See `store.contract.Artifacts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, owner: str, publication: Publication, job_id: str | None = None
    ) -> StoredArtifact:
        """See `Artifacts.add`."""
        with self._db.write() as tx:
            self._db.hold(tx, [name_of(publication)])
            job = tx.value("SELECT seq FROM jobs WHERE id = :id", {"id": job_id})
            insert_artifact(tx, owner, publication, self._db.now(tx), job)
            added = find_artifact(tx, publication.id)
        assert added is not None
        return added

    def get(self, artifact_id: str) -> StoredArtifact | None:
        """See `Artifacts.get`."""
        with self._db.read() as tx:
            return find_artifact(tx, artifact_id)

    def resolve(self, owner: str, kind: str, reference: str) -> StoredArtifact | None:
        """See `Artifacts.resolve`."""
        with self._db.read() as tx:
            return resolved(tx, owner, kind, reference)

    def find(
        self,
        reader: str,
        kind: str,
        *,
        owner: str | None = None,
        name: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[StoredArtifact]:
        """See `Artifacts.find`."""
        narrowing = {"owner": owner, "name": name, "before": before}
        params = narrowing | {"reader": reader, "kind": kind, "limit": limit}
        given = [column for column, value in narrowing.items() if value is not None]
        with self._db.read() as tx:
            rows = tx.rows(_find(given), params)
        return [artifact_from_row(row) for row in rows]

    def bytes_of(self, owner: str) -> int:
        """See `Artifacts.bytes_of`."""
        with self._db.read() as tx:
            size = tx.value(
                "SELECT coalesce(sum(size), 0) FROM artifacts"
                " WHERE owner = :owner AND deleted_at IS NULL",
                {"owner": owner},
            )
        return int(size)

    def share(self, artifact_id: str, *, shared: bool) -> bool:
        """See `Artifacts.share`."""
        with self._db.write() as tx:
            return bool(
                tx.run(
                    "UPDATE artifacts SET shared = :shared WHERE id = :id AND deleted_at IS NULL",
                    {"id": artifact_id, "shared": shared},
                )
            )

    def delete(self, artifact_id: str) -> None:
        """See `Artifacts.delete`."""
        with self._db.write() as tx:
            row = tx.row(f"SELECT kind, name FROM artifacts {_ONE}", {"id": artifact_id})  # nosec B608 - constants
            if row is not None:
                # No alias of its name comes to point here before we end.
                self._db.hold(tx, [published_name(*row)])
                _refuse_if_needed(tx, artifact_id)
            deleted = tx.run(
                f"UPDATE artifacts SET deleted_at = :now {_ONE}",  # nosec B608 - constants
                {"id": artifact_id, "now": self._db.now(tx)},
            )
            if not deleted:
                raise NotFound("expected a version that exists, got one that was deleted")

    def lineage(self, artifact_id: str, *, most: int = 200) -> Lineage:
        """See `Artifacts.lineage`."""
        with self._db.read() as tx:
            return lineage_of(self._db, tx, artifact_id, most)


_ONE: Final = "WHERE id = :id AND deleted_at IS NULL"


_NARROWED: Final = {
    "owner": " AND owner = :owner",
    "name": " AND name = :name",
    "before": " AND seq < :before",
}


def _find(given: Collection[str]) -> str:
    """One walk along each index, then a merge: what others keep to themselves is never stepped over."""
    narrowed = "".join(_NARROWED[one] for one in given)
    ends = f" AND kind = :kind{narrowed} ORDER BY seq DESC LIMIT :limit"
    return (
        f"SELECT * FROM (SELECT * FROM ({PRESENT} AND owner = :reader{ends}) AS own"  # nosec B608 - constants and names that stand in the code
        f" UNION ALL SELECT * FROM ({PRESENT} AND shared AND owner <> :reader{ends}) AS others)"
        " AS visible ORDER BY seq DESC LIMIT :limit"
    )


def _refuse_if_needed(tx: Transaction, artifact_id: str) -> None:
    pointing = tx.rows(
        "SELECT alias FROM aliases JOIN artifacts ON artifacts.seq = aliases.artifact"
        " WHERE artifacts.id = :id ORDER BY alias",
        {"id": artifact_id},
    )
    if pointing:
        raise Conflict(
            "expected a version that no alias points to, got one with"
            f" {', '.join(repr(row[0]) for row in pointing)}; move or remove the alias first"
        )
    reading = tx.value(
        "SELECT count(*) FROM uses JOIN jobs ON jobs.seq = uses.job WHERE uses.artifact = :id"
        " AND jobs.status IN ('pending', 'running')",
        {"id": artifact_id},
    )
    if reading:
        raise Conflict(
            f"expected a version that no unfinished job reads, got one that {reading} of them"
            " still need; wait for their end, or cancel them"
        )
