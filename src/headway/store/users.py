"""Who may sign in, and how much everybody asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from headway.errors import NotFound
from headway.store.database import Database, Transaction
from headway.store.values import User


def add_requests(tx: Transaction, owners: Iterable[str], now: float) -> None:
    """Count one request for each time an owner is named."""
    tx.run_many(
        "INSERT INTO requests (owner, count, at) VALUES (:owner, :count, :now)"
        " ON CONFLICT (owner) DO UPDATE SET count = requests.count + excluded.count,"
        " at = excluded.at",
        [{"owner": owner, "count": n, "now": now} for owner, n in sorted(Counter(owners).items())],
    )


_SELECT: Final = (
    "SELECT name, password_hash, disabled, created_at, coalesce(count, 0), at"
    " FROM users LEFT JOIN requests ON requests.owner = users.name"
)


class SqlUsers:
    """See `store.contract.Users`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, name: str, password_hash: str) -> bool:
        """See `Users.add`."""
        with self._db.write() as tx:
            added = tx.run(
                "INSERT INTO users (name, password_hash, created_at) VALUES (:name, :hash, :now)"
                " ON CONFLICT (name) DO NOTHING",
                {"name": name, "hash": password_hash, "now": self._db.now(tx)},
            )
        return added == 1

    def get(self, name: str) -> User | None:
        """See `Users.get`."""
        with self._db.read() as tx:
            row = tx.row(f"{_SELECT} WHERE name = :name", {"name": name})
        return None if row is None else _user(row)

    def page(self, *, after: str = "", limit: int = 500) -> list[User]:
        """See `Users.page`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"{_SELECT} WHERE name > :after ORDER BY name LIMIT :limit",
                {"after": after, "limit": limit},
            )
        return [_user(row) for row in rows]

    def change(
        self, name: str, *, password_hash: str | None = None, disabled: bool | None = None
    ) -> User:
        """See `Users.change`."""
        with self._db.write() as tx:
            tx.run(
                "UPDATE users SET password_hash = coalesce(:hash, password_hash),"
                " disabled = coalesce(:disabled, disabled) WHERE name = :name",
                {"name": name, "hash": password_hash, "disabled": disabled},
            )
        changed = self.get(name)
        if changed is None:
            raise NotFound(f"expected the name of a user, got: {name[:80]!r}")
        return changed

    def count_requests(self, counts: Mapping[str, int]) -> None:
        """See `Users.count_requests`."""
        with self._db.write() as tx:
            add_requests(tx, Counter(counts).elements(), self._db.now(tx))


def _user(row: Sequence[Any]) -> User:
    return User(
        name=row[0],
        password_hash=row[1],
        disabled=bool(row[2]),
        created_at=row[3],
        request_count=row[4],
        last_request_time=row[5],
    )
