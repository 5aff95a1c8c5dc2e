"""Data sets, models and uploaded files: which there are, and what users call them."""

from typing import Final

from headway.job import Publication
from headway.store.database import Database, Row, Transaction
from headway.store.rows import dumps, loads
from headway.store.values import StoredArtifact

_COLUMNS: Final = (
    "artifacts.id, artifacts.kind, artifacts.name, artifacts.version, artifacts.owner,"
    " artifacts.path, artifacts.sha256, artifacts.size, artifacts.meta, artifacts.created_at,"
    " jobs.id"
)
_FROM: Final = "FROM artifacts LEFT JOIN jobs ON jobs.seq = artifacts.job"


def insert_artifact(
    tx: Transaction, owner: str, publication: Publication, now: float, job: int | None
) -> None:
    """Make a file known as the next version of its name, and move its alias there."""
    tx.run(
        "INSERT INTO artifacts (id, kind, owner, name, version, path, sha256, size, meta,"
        " created_at, job) VALUES (:id, :kind, :owner, :name, 1 + coalesce((SELECT max(version)"
        " FROM artifacts WHERE owner = :owner AND kind = :kind AND name = :name), 0), :path,"
        " :sha256, :size, :meta, :now, :job) ON CONFLICT (id) DO NOTHING",
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
        },
    )
    if publication.alias is not None:
        _move_alias(tx, owner, publication, now)


def find_artifact(tx: Transaction, artifact_id: str) -> StoredArtifact | None:
    """The artefact of this id."""
    row = tx.row(f"SELECT {_COLUMNS} {_FROM} WHERE artifacts.id = :id", {"id": artifact_id})
    return None if row is None else _artifact_from_row(row)


class SqlArtifacts:
    """See `store.contract.Artifacts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, owner: str, publication: Publication, job_id: str | None = None
    ) -> StoredArtifact:
        """See `Artifacts.add`."""
        with self._db.write() as tx:
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
        name, _, which = reference.partition("@")
        if _is_version(which) and len(which) > _LONGEST_VERSION:
            return None
        with self._db.read() as tx:
            row = tx.row(
                f"SELECT {_COLUMNS} {_FROM} WHERE artifacts.owner = :owner"
                f" AND artifacts.kind = :kind AND ({_condition(which)})"
                " ORDER BY artifacts.version DESC LIMIT 1",
                {
                    "owner": owner,
                    "kind": kind,
                    "reference": reference,
                    "name": name,
                    "which": int(which) if _is_version(which) else which,
                },
            ) or (None if which else self._by_bare_alias(tx, owner, kind, reference))
        return None if row is None else _artifact_from_row(row)

    def find(self, owner: str, kind: str, *, limit: int = 100) -> list[StoredArtifact]:
        """See `Artifacts.find`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {_COLUMNS} {_FROM} WHERE artifacts.owner = :owner"
                " AND artifacts.kind = :kind ORDER BY artifacts.seq DESC LIMIT :limit",
                {"owner": owner, "kind": kind, "limit": limit},
            )
        return [_artifact_from_row(row) for row in rows]

    def _by_bare_alias(self, tx: Transaction, owner: str, kind: str, alias: str) -> Row | None:
        return tx.row(
            f"SELECT {_COLUMNS} FROM aliases JOIN artifacts ON artifacts.seq = aliases.artifact"
            " LEFT JOIN jobs ON jobs.seq = artifacts.job WHERE aliases.owner = :owner"
            " AND aliases.kind = :kind AND aliases.alias = :alias"
            " ORDER BY aliases.at DESC, aliases.artifact DESC LIMIT 1",
            {"owner": owner, "kind": kind, "alias": alias},
        )


_LONGEST_VERSION: Final = 9
"""Digits; a longer number overflows the databases' integers, and no version is that high."""


def _is_version(which: str) -> bool:
    return which.isascii() and which.isdigit()


def _condition(which: str) -> str:
    """What a reference with this part behind the @ is looked up by."""
    if not which:
        return "artifacts.id = :reference OR artifacts.name = :reference"
    if _is_version(which):
        return "artifacts.name = :name AND artifacts.version = :which"
    return (
        "artifacts.name = :name AND artifacts.seq = (SELECT artifact FROM aliases"
        " WHERE owner = :owner AND kind = :kind AND name = :name AND alias = :which)"
    )


def _move_alias(tx: Transaction, owner: str, publication: Publication, now: float) -> None:
    tx.run(
        "INSERT INTO aliases (owner, kind, name, alias, artifact, at)"
        " SELECT :owner, :kind, :name, :alias, seq, :now FROM artifacts WHERE id = :id"
        " ON CONFLICT (owner, kind, name, alias)"
        " DO UPDATE SET artifact = excluded.artifact, at = excluded.at",
        {
            "owner": owner,
            "kind": publication.kind,
            "name": publication.name,
            "alias": publication.alias,
            "id": publication.id,
            "now": now,
        },
    )


def _artifact_from_row(row: Row) -> StoredArtifact:
    id, kind, name, version, owner, path, sha256, size, meta, created_at, job_id = row
    return StoredArtifact(
        id=id,
        kind=kind,
        name=name,
        version=version,
        owner=owner,
        path=path,
        sha256=sha256,
        size=size,
        meta=loads(meta),
        created_at=created_at,
        job_id=job_id,
    )
