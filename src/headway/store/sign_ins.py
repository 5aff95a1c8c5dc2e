"""Sign-ins that failed lately, and from where one has succeeded."""

from collections.abc import Collection
from typing import Final

from headway.store.database import Database
from headway.store.identity import Failures
from headway.store.repeat import repeating
from headway.store.rows import dumps

MINUTE: Final = 60.0
MOST_ROWS: Final = 50_000
"""Whoever tries names without end fills no disk: beyond this the oldest minute is forgotten."""
PLACES_KEPT: Final = 30 * 86_400.0


@repeating
class SqlSignIns:
    """See `store.identity.SignIns`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def failures(self, subjects: Collection[str], window: float) -> dict[str, list[Failures]]:
        """See `SignIns.failures`."""
        wanted = self._db.rows_of({"wanted": "text"})
        found: dict[str, list[Failures]] = {one: [] for one in subjects}
        with self._db.read() as tx:
            now = self._db.now(tx)
            rows = tx.rows(
                f"SELECT subject, minute, count FROM {wanted} AS w"  # nosec B608 - `rows_of`
                " JOIN sign_in_failures ON subject = w.wanted WHERE minute > :oldest"
                " ORDER BY minute",
                {"rows": dumps([[one] for one in subjects]), "oldest": _minute(now - window)},
            )
        for subject, minute, count in rows:
            found[subject].append(Failures(now - minute * MINUTE, count))
        return found

    def fail(self, subjects: Collection[str], window: float) -> None:
        """See `SignIns.fail`."""
        with self._db.write() as tx:
            self._db.hold(tx, ["failed sign-ins"])
            now = self._db.now(tx)
            tx.run(
                "DELETE FROM sign_in_failures WHERE minute <= :oldest",
                {"oldest": _minute(now - window)},
            )
            if tx.value("SELECT count(*) FROM sign_in_failures") >= MOST_ROWS:
                tx.run(
                    "DELETE FROM sign_in_failures"
                    " WHERE minute = (SELECT min(minute) FROM sign_in_failures)"
                )
            tx.run_many(
                "INSERT INTO sign_in_failures (minute, subject, count)"
                " VALUES (:minute, :subject, 1) ON CONFLICT (minute, subject)"
                " DO UPDATE SET count = sign_in_failures.count + 1",
                [{"minute": _minute(now), "subject": one} for one in sorted(subjects)],
            )

    def succeed(self, subject: str) -> None:
        """See `SignIns.succeed`."""
        with self._db.write() as tx:
            self._db.hold(tx, ["failed sign-ins"])
            tx.run("DELETE FROM sign_in_failures WHERE subject = :subject", {"subject": subject})
            tx.run(
                "INSERT INTO sign_in_places (subject, at) VALUES (:subject, :now)"
                " ON CONFLICT (subject) DO UPDATE SET at = excluded.at",
                {"subject": subject, "now": self._db.now(tx)},
            )

    def has_succeeded(self, subject: str, within: float) -> bool:
        """See `SignIns.has_succeeded`."""
        with self._db.read() as tx:
            at = tx.value(
                "SELECT at FROM sign_in_places WHERE subject = :subject", {"subject": subject}
            )
            return at is not None and at > self._db.now(tx) - within


def _minute(at: float) -> int:
    return int(at // MINUTE)
