"""A database in whose midst others act: between two statements of somebody's, or two transactions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from headway.store.database import Database, Params, Row, Transaction


class Interrupting:
    """The same database, and at each moment at which others can act, they are let.

    `within` says whether that is so within a transaction: not where there is one writer.
    """

    def __init__(self, db: Database, others: Callable[[], None], *, within: bool) -> None:
        self._db = db
        self._others = others
        self._within = within

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See `Database.write`."""
        self._others()
        with self._db.write() as tx:
            yield _Interrupted(tx, self._others) if self._within else tx
        self._others()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See `Database.read`. Nothing is held between two statements of it."""
        with self._db.read() as tx:
            yield _Interrupted(tx, self._others)
        self._others()


class _Interrupted(Transaction):
    """Lets the others act before each statement."""

    def __init__(self, tx: Transaction, others: Callable[[], None]) -> None:
        self._tx = tx
        self._others = others

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        self._others()
        return self._tx.rows(sql, params)

    def row(self, sql: str, params: Params | None = None) -> Row | None:
        self._others()
        return self._tx.row(sql, params)

    def run(self, sql: str, params: Params | None = None) -> int:
        self._others()
        return self._tx.run(sql, params)

    def run_many(self, sql: str, rows: Sequence[Params]) -> None:
        self._others()
        self._tx.run_many(sql, rows)

    def run_last(self, sql: str, rows: Sequence[Params]) -> None:
        self._others()
        self._tx.run_last(sql, rows)
