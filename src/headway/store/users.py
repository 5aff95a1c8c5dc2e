"""Who may sign in, which tokens are void, and how much everybody asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from headway.errors import NotFound
from headway.rights import Role
from headway.store.database import Database, Transaction
from headway.store.identity import User
from headway.store.repeat import repeating


def add_requests(tx: Transaction, owners: Iterable[str], now: float) -> None:
    """Count one request for each time an owner is named."""
    tx.run_many(
        "INSERT INTO requests (owner, count, at) VALUES (:owner, :count, :now)"
        " ON CONFLICT (owner) DO UPDATE SET count = requests.count + excluded.count,"
        " at = excluded.at",
        [{"owner": owner, "count": n, "now": now} for owner, n in sorted(Counter(owners).items())],
    )


_SELECT: Final = (
    "SELECT name, password_hash, disabled, role, demo, generation, created_at, coalesce(count, 0), at"
    " FROM users LEFT JOIN requests ON requests.owner = users.name"
)


@repeating
class SqlUsers:
    """See `store.identity.Users`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, name: str, password_hash: str, *, role: Role = Role.USER, demo: bool = False
    ) -> bool:
        """See `Users.add`."""
        with self._db.write() as tx:
            added = tx.run(
                "INSERT INTO users (name, password_hash, created_at, role, demo)"
                " VALUES (:name, :hash, :now, :role, :demo) ON CONFLICT (name) DO NOTHING",
                {
                    "name": name,
                    "hash": password_hash,
                    "now": self._db.now(tx),
                    "role": role.value,
                    "demo": demo,
                },
            )
        return added == 1

    def get(self, name: str) -> User | None:
        """See `Users.get`."""
        with self._db.read() as tx:
            row = tx.row(f"{_SELECT} WHERE name = :name", {"name": name})
        return None if row is None else _user(row)

    def holding(self, name: str, token_id: str) -> User | None:
        """See `Users.holding`."""
        with self._db.read() as tx:
            row = tx.row(
                f"{_SELECT} WHERE name = :name"  # nosec B608 - constants
                " AND NOT EXISTS (SELECT 1 FROM ended_tokens WHERE id = :token)",
                {"name": name, "token": token_id},
            )
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
        self,
        name: str,
        *,
        password_hash: str | None = None,
        disabled: bool | None = None,
        role: Role | None = None,
    ) -> User:
        """See `Users.change`."""
        given = {"password_hash": password_hash, "disabled": disabled, "role": role}
        # Whoever has a password of his own is no demo user any more.
        columns: dict[str, object] = {"demo": False} if password_hash is not None else {}
        columns |= {column: value for column, value in given.items() if value is not None}
        sets = "".join(f", {column} = :{column}" for column in columns)
        with self._db.write() as tx:
            tx.run(
                f"UPDATE users SET generation = generation + 1{sets} WHERE name = :name",  # nosec B608 - names that stand in the code
                {"name": name, **columns},
            )
        changed = self.get(name)
        if changed is None:
            raise NotFound(f"expected the name of a user, got: {name[:80]!r}")
        return changed

    def rehash(self, name: str, old: str, new: str) -> None:
        """See `Users.rehash`."""
        with self._db.write() as tx:
            tx.run(
                "UPDATE users SET password_hash = :new WHERE name = :name AND password_hash = :old",
                {"name": name, "old": old, "new": new},
            )

    def end_token(self, token_id: str, expires_at: float) -> bool:
        """See `Users.end_token`."""
        with self._db.write() as tx:
            ended = tx.run(
                "INSERT INTO ended_tokens (id, expires_at) VALUES (:id, :expires_at)"
                " ON CONFLICT (id) DO NOTHING",
                {"id": token_id, "expires_at": expires_at},
            )
        return ended == 1

    def count_requests(self, counts: Mapping[str, int]) -> None:
        """See `Users.count_requests`."""
        with self._db.write() as tx:
            add_requests(tx, Counter(counts).elements(), self._db.now(tx))


def _user(row: Sequence[Any]) -> User:
    return User(
        name=row[0],
        password_hash=row[1],
        disabled=bool(row[2]),
        role=Role(row[3]),
        demo=bool(row[4]),
        generation=row[5],
        created_at=row[6],
        request_count=row[7],
        last_request_time=row[8],
    )
