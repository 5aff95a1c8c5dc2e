"""Answers by their idempotency keys: the same request again gives the same answer again."""

from typing import Final

from headway.errors import KeyInUse, KeyReused
from headway.store.database import Database, Transaction
from headway.store.idempotency import REUSED
from headway.store.repeat import repeating
from headway.store.values.answers import KeptAnswer
from headway.store.values.submission import IdempotencyKey

_OF_KEY: Final = " WHERE owner = :owner AND scope = :scope AND key = :key"


@repeating
class SqlAnswers:
    """See `store.contract.Answers`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, owner: str, key: IdempotencyKey, *, patience: float) -> KeptAnswer | None:
        """See `Answers.begin`."""
        with self._db.write() as tx:
            now = self._db.now(tx)
            named = _named(owner, key) | {"fingerprint": key.fingerprint, "now": now}
            begun = tx.run(
                "INSERT INTO answers (owner, scope, key, fingerprint, at)"
                " VALUES (:owner, :scope, :key, :fingerprint, :now)"
                " ON CONFLICT (owner, scope, key) DO NOTHING",
                named,
            )
            return None if begun else self._earlier(tx, key, named, patience)

    def _earlier(
        self, tx: Transaction, key: IdempotencyKey, named: dict[str, object], patience: float
    ) -> KeptAnswer | None:
        row = tx.row(
            "SELECT fingerprint, status, body, at FROM answers" + _OF_KEY + self._db.for_update,  # nosec B608 - constants and a lock
            named,
        )
        assert row is not None
        fingerprint, status, body, at = row
        if fingerprint != key.fingerprint:
            raise KeyReused(REUSED)
        if status is not None:
            return KeptAnswer(status, body)
        if at > self._db.now(tx) - patience:
            raise KeyInUse(
                "expected a request whose Idempotency-Key nobody is using, got one while the first"
                " is still being answered; send it again in a second"
            )
        tx.run("UPDATE answers SET at = :now" + _OF_KEY, named)  # nosec B608 - constants
        return None

    def keep(self, owner: str, key: IdempotencyKey, answer: KeptAnswer) -> None:
        """See `Answers.keep`."""
        with self._db.write() as tx:
            tx.run(
                "UPDATE answers SET status = :status, body = :body" + _OF_KEY,  # nosec B608 - constants
                _named(owner, key) | {"status": answer.status, "body": answer.body},
            )

    def drop(self, owner: str, key: IdempotencyKey) -> None:
        """See `Answers.drop`."""
        with self._db.write() as tx:
            tx.run("DELETE FROM answers" + _OF_KEY, _named(owner, key))  # nosec B608 - constants


def _named(owner: str, key: IdempotencyKey) -> dict[str, object]:
    return {"owner": owner, "scope": key.scope, "key": key.key}
