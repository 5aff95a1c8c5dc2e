"""Connections and transactions: what every table's code needs of a database, and no more.

SQLAlchemy keeps the pool, the schema and the migrations. Statements go straight to the driver:
its Core costs some 30 us a statement, a submission has seven, and SQLite answers each in four.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

TOUCH: Final = (
    "INSERT INTO serving (priority, turn) VALUES (-1, 1)"
    " ON CONFLICT (priority) DO UPDATE SET turn = serving.turn + 1"
)
"""A write that means nothing. Its row changes each time: else nothing would reach the disk."""

Row = tuple[Any, ...]
Params = Mapping[str, Any]


class Transaction:
    """Statements on one connection. Parameters are named: `:name`."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """Every row the statement gives."""
        rows: list[Row] = self._cursor.execute(sql, params or {}).fetchall()
        return rows

    def rows_afresh(self, sql: str, params: Params | None = None) -> list[Row]:
        """As `rows`, for a statement whose best plan depends on what it asks for: none is kept."""
        return self.rows(sql, params)

    def row(self, sql: str, params: Params | None = None) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._cursor.execute(sql, params or {}).fetchone()
        return row

    def value(self, sql: str, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, params)
        return None if row is None else row[0]

    def run(self, sql: str, params: Params | None = None) -> int:
        """Run a statement that gives no rows; the number of rows it touched."""
        self._cursor.execute(sql, params or {})
        touched: int = self._cursor.rowcount
        return touched

    def run_many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run a statement once for each set of parameters."""
        if rows:
            self._cursor.executemany(sql, rows)

    def run_last(self, sql: str, rows: Sequence[Params]) -> None:
        """As `run_many`, at the latest when all else is done and only the commit is to come."""
        self.run_many(sql, rows)


class Database(Protocol):
    """A database as the tables' code sees it."""

    @property
    def for_update(self) -> str:
        """What a SELECT ends with whose rows nobody else may change until the transaction ends."""

    @property
    def skip_locked(self) -> str:
        """The same, but rows that others have locked are not seen."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write: committed and synced when the block ends, or not at all.

        Raise `StoreUnavailable` when nothing could be written, `OutcomeUnknown` when nobody knows.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """Statements that only read, each by itself. Never held open while anything waits."""

    def now(self, tx: Transaction) -> float:
        """The database's clock."""

    def reserve(self, tx: Transaction, table: str, count: int) -> Sequence[int]:
        """`count` new numbers for the table's key, ascending."""

    def hold(self, tx: Transaction, names: Iterable[str]) -> None:
        """Let no other transaction that holds one of these names go on until this one ends.

        To be asked for all names at once, before anything else is written.
        """

    def end_stopped(self) -> None:
        """End the transactions of clients that have stopped in the middle of them, if it can be."""

    def shrink_log(self) -> int:
        """See `Upkeep.shrink_log`."""

    def log_bytes(self) -> int:
        """How large the store's log is; 0 where a server looks after its own."""

    def rows_of(self, columns: Mapping[str, str]) -> str:
        """A FROM item that turns the parameter `:rows`, a JSON list of lists, into rows.

        `columns` maps names to SQL types, in the order of the inner lists.
        """

    def among(self, column: str, values: str) -> str:
        """A condition: the column has one of the values that a statement gives, which are few. Each
        is looked up in an index that begins with the column."""


@contextmanager
def closing_cursor(connection: Any) -> Iterator[Transaction]:
    """A cursor on a driver's connection, closed at the end."""
    cursor = connection.cursor()
    try:
        yield Transaction(cursor)
    finally:
        cursor.close()


def refuse_fork(pid: int) -> None:
    """Raise `RuntimeError` in any process but this one: a shared connection loses data."""
    if os.getpid() != pid:
        raise RuntimeError(
            "expected to use this store in the process that opened it, got a fork of it;"
            " open a store of its own there"
        )
