"""Aliases: names that move from version to version, and where they were before."""

from collections.abc import Collection, Mapping
from typing import Final

from headway.errors import Conflict, NotFound
from headway.store.database import Database, Row, Transaction
from headway.store.repeat import repeating
from headway.store.rows import dumps
from headway.store.values.artifacts import Alias, AliasMove, AliasName

_WHICH: Final = "owner = :owner AND kind = :kind AND name = :name AND alias = :alias"


def published_name(kind: str, name: str) -> str:
    """What to hold while a version or an alias of a name is given or a version deleted: whoever's
    names they are."""
    return f"artifact {kind}\0{name}"


def move_alias(
    tx: Transaction, alias: AliasName, artifact_id: str, now: float, *, made_by: str | None = None
) -> bool:
    """Point the alias to this version of its name; False, and nothing changed, if there is none."""
    key = _key(alias)
    # A write before the alias's own: whoever removes all that is its owner's must wait for our end.
    locked = tx.run(
        "UPDATE artifacts SET shared = shared WHERE id = :id AND owner = :owner AND kind = :kind"
        " AND name = :name AND deleted_at IS NULL",
        key | {"id": artifact_id},
    )
    if not locked:
        return False
    artifact = tx.value("SELECT seq FROM artifacts WHERE id = :id", {"id": artifact_id})
    _point(tx, key, artifact, _last_move(tx, key), now, made_by)
    return True


@repeating
class SqlAliases:
    """See `store.contract.Aliases`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def move(self, alias: AliasName, artifact_id: str, *, expected: str | None = None) -> Alias:
        """See `Aliases.move`."""
        with self._db.write() as tx:
            self._hold(tx, alias)
            _check_expected(tx, alias, expected)
            if not move_alias(tx, alias, artifact_id, self._db.now(tx)):
                raise NotFound(f"expected a version of {alias.name}, got one that does not exist")
            return _present(tx, alias)

    def roll_back(self, alias: AliasName, *, expected: str | None = None) -> Alias:
        """See `Aliases.roll_back`."""
        key = _key(alias)
        with self._db.write() as tx:
            self._hold(tx, alias)
            _check_expected(tx, alias, expected)
            present = _present(tx, alias)
            found = _move_before(tx, key)
            if found is None:
                raise Conflict(
                    f"expected an alias that pointed elsewhere before, got {alias.alias!r}, which"
                    f" has only been at version {present.version}; move it to the version you want"
                )
            artifact, back = found
            _point(tx, key, artifact, back, self._db.now(tx), None)
            return _present(tx, alias)

    def remove(self, alias: AliasName) -> bool:
        """See `Aliases.remove`."""
        key = _key(alias)
        with self._db.write() as tx:
            self._hold(tx, alias)
            if not tx.run(f"DELETE FROM aliases WHERE {_WHICH}", key):  # nosec B608 - constants
                return False
            _note(tx, key, None, _last_move(tx, key), self._db.now(tx), None)
            return True

    def _hold(self, tx: Transaction, alias: AliasName) -> None:
        """Let nobody else move the alias before we end, a job's verdict neither."""
        self._db.hold(tx, [published_name(alias.kind, alias.name)])

    def of_name(self, owner: str, kind: str, name: str) -> list[Alias]:
        """See `Aliases.of_name`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"{_SELECT} WHERE aliases.owner = :owner AND aliases.kind = :kind"
                " AND aliases.name = :name ORDER BY aliases.alias",
                {"owner": owner, "kind": kind, "name": name},
            )
        return [_alias_from_row(row) for row in rows]

    def of_artifacts(self, artifact_ids: Collection[str]) -> Mapping[str, list[str]]:
        """See `Aliases.of_artifacts`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT artifacts.id, aliases.alias FROM {wanted} AS w"  # nosec B608 - `rows_of`
                " JOIN artifacts ON artifacts.id = w.wanted"
                " JOIN aliases ON aliases.artifact = artifacts.seq ORDER BY aliases.alias",
                {"rows": dumps([[one] for one in artifact_ids])},
            )
        found: dict[str, list[str]] = {}
        for artifact_id, alias in rows:
            found.setdefault(artifact_id, []).append(alias)
        return found

    def moves(self, alias: AliasName, *, limit: int = 100) -> list[AliasMove]:
        """See `Aliases.moves`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT artifacts.id, artifacts.version, moves.at, moves.made_by"
                " FROM alias_moves AS moves LEFT JOIN artifacts ON artifacts.seq = moves.artifact"
                " WHERE moves.owner = :owner AND moves.kind = :kind AND moves.name = :name"
                " AND moves.alias = :alias ORDER BY moves.seq DESC LIMIT :limit",
                _key(alias) | {"limit": limit},
            )
        return [
            AliasMove(artifact_id=id, version=version, at=at, job_id=job_id)
            for id, version, at, job_id in rows
        ]


_SELECT: Final = (
    "SELECT aliases.name, aliases.alias, artifacts.id, artifacts.version, aliases.at FROM aliases"
    " JOIN artifacts ON artifacts.seq = aliases.artifact"
)


def _key(alias: AliasName) -> dict[str, object]:
    return {"owner": alias.owner, "kind": alias.kind, "name": alias.name, "alias": alias.alias}


def _present(tx: Transaction, alias: AliasName) -> Alias:
    row = tx.row(
        f"{_SELECT} WHERE aliases.owner = :owner AND aliases.kind = :kind"
        " AND aliases.name = :name AND aliases.alias = :alias",
        _key(alias),
    )
    if row is None:
        raise NotFound(f"expected an alias of {alias.name}, got: {alias.alias[:80]!r}")
    return _alias_from_row(row)


def _check_expected(tx: Transaction, alias: AliasName, expected: str | None) -> None:
    if expected is None:
        return
    present = _present(tx, alias)
    if present.artifact_id != expected:
        raise Conflict(
            f"expected {alias.alias!r} to point to the version you named, got version"
            f" {present.version}: somebody moved it; look at it again"
        )


def _last_move(tx: Transaction, key: Mapping[str, object]) -> int | None:
    """The move that put the alias where it is, or removed it."""
    found: int | None = tx.value(f"SELECT max(seq) FROM alias_moves WHERE {_WHICH}", key)  # nosec B608 - constants
    return found


def _move_before(tx: Transaction, key: Mapping[str, object]) -> tuple[int, int | None] | None:
    """Where a rollback leads, as (artefact, the move before that one)."""
    at: int | None = _last_move(tx, key)
    here = tx.value("SELECT artifact FROM alias_moves WHERE seq = :at", {"at": at})
    while at is not None:
        at = tx.value("SELECT back FROM alias_moves WHERE seq = :at", {"at": at})
        row = tx.row(
            "SELECT artifact, back FROM alias_moves AS moves WHERE seq = :at AND EXISTS"
            " (SELECT 1 FROM artifacts WHERE seq = moves.artifact AND deleted_at IS NULL)",
            {"at": at},
        )
        if row is not None and row[0] != here:
            return row[0], row[1]
    return None


def _point(
    tx: Transaction,
    key: Mapping[str, object],
    artifact: int,
    back: int | None,
    now: float,
    made_by: str | None,
) -> None:
    tx.run(
        "INSERT INTO aliases (owner, kind, name, alias, artifact, at)"
        " VALUES (:owner, :kind, :name, :alias, :artifact, :now)"
        " ON CONFLICT (owner, kind, name, alias)"
        " DO UPDATE SET artifact = excluded.artifact, at = excluded.at",
        dict(key) | {"artifact": artifact, "now": now},
    )
    _note(tx, key, artifact, back, now, made_by)


def _note(
    tx: Transaction,
    key: Mapping[str, object],
    artifact: int | None,
    back: int | None,
    now: float,
    made_by: str | None,
) -> None:
    tx.run(
        "INSERT INTO alias_moves (owner, kind, name, alias, artifact, back, at, made_by)"
        " VALUES (:owner, :kind, :name, :alias, :artifact, :back, :now, :made_by)",
        dict(key) | {"artifact": artifact, "back": back, "now": now, "made_by": made_by},
    )


def _alias_from_row(row: Row) -> Alias:
    name, alias, artifact_id, version, at = row
    return Alias(name=name, alias=alias, artifact_id=artifact_id, version=version, moved_at=at)
