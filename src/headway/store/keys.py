"""Keys for machines, each known by the hash of what it is."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from headway.errors import Conflict
from headway.rights import Scope
from headway.store.database import Database, Row, Transaction
from headway.store.identity import ApiKey
from headway.store.repeat import repeating

_SELECT: Final = (
    "SELECT id, owner, name, scopes, created_at, expires_at, last_used_at FROM api_keys"
)

_NEVER: Final = datetime.max.replace(tzinfo=UTC).timestamp()
"""No calendar has a later moment. Lives had no bound once, and some keys were given absurd ones."""


@repeating
class SqlKeys:
    """See `store.identity.Keys`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        owner: str,
        name: str,
        *,
        key_id: str,
        digest: str,
        scopes: Collection[Scope],
        lifetime: float | None,
        most: int,
    ) -> ApiKey:
        """See `Keys.add`."""
        with self._db.write() as tx:
            self._db.hold(tx, [f"keys {owner}"])
            _refuse_more(tx, owner, most)
            now = self._db.now(tx)
            added = tx.run(
                "INSERT INTO api_keys (id, digest, owner, name, scopes, created_at, expires_at)"
                " VALUES (:id, :digest, :owner, :name, :scopes, :now, :expires_at)"
                " ON CONFLICT (owner, name) DO NOTHING",
                {
                    "id": key_id,
                    "digest": digest,
                    "owner": owner,
                    "name": name,
                    "scopes": " ".join(sorted(scopes)),
                    "now": now,
                    "expires_at": None if lifetime is None else now + lifetime,
                },
            )
            row = tx.row(f"{_SELECT} WHERE id = :id", {"id": key_id})
        if not added or row is None:
            raise Conflict(f"expected a name that no key of yours has, got: {name[:80]!r}")
        return _key(row)

    def find(self, digest: str) -> ApiKey | None:
        """See `Keys.find`."""
        with self._db.read() as tx:
            row = tx.row(f"{_SELECT} WHERE digest = :digest", {"digest": digest})
            is_over = row is not None and row[5] is not None and row[5] <= self._db.now(tx)
        return None if row is None or is_over else _key(row)

    def get(self, key_id: str) -> ApiKey | None:
        """See `Keys.get`."""
        with self._db.read() as tx:
            row = tx.row(f"{_SELECT} WHERE id = :id", {"id": key_id})
        return None if row is None else _key(row)

    def of_owner(self, owner: str) -> list[ApiKey]:
        """See `Keys.of_owner`."""
        with self._db.read() as tx:
            rows = tx.rows(f"{_SELECT} WHERE owner = :owner ORDER BY name", {"owner": owner})
        return [_key(row) for row in rows]

    def remove(self, key_id: str) -> bool:
        """See `Keys.remove`."""
        with self._db.write() as tx:
            return tx.run("DELETE FROM api_keys WHERE id = :id", {"id": key_id}) == 1

    def touch(self, key_id: str) -> None:
        """See `Keys.touch`."""
        with self._db.write() as tx:
            tx.run(
                "UPDATE api_keys SET last_used_at = :now WHERE id = :id",
                {"id": key_id, "now": self._db.now(tx)},
            )


def _refuse_more(tx: Transaction, owner: str, most: int) -> None:
    there = tx.value("SELECT count(*) FROM api_keys WHERE owner = :owner", {"owner": owner})
    if there >= most:
        raise Conflict(f"expected at most {most} keys of one user, got one more; remove one")


def _key(row: Row) -> ApiKey:
    id, owner, name, scopes, created_at, expires_at, last_used_at = row
    return ApiKey(
        id=id,
        owner=owner,
        name=name,
        scopes=frozenset(Scope(word) for word in scopes.split()),
        created_at=created_at,
        expires_at=None if expires_at is None or expires_at >= _NEVER else expires_at,
        last_used_at=last_used_at,
    )
