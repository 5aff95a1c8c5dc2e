"""SQLite as the store of a service: several processes, one writer at a time, every commit synced."""

import contextlib
import itertools
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from headway.errors import OutcomeUnknown, StoreUnusable
from headway.store.bell import SocketBell
from headway.store.database import TOUCH, Transaction, closing_cursor, refuse_fork
from headway.store.file_systems import mounts, refuse_network
from headway.store.gate import WriteGate
from headway.store.migrate import upgrade
from headway.store.sql_store import SqlStore
from headway.store.sqlite_driver import (
    HAS_LOG,
    driver,
    mapped,
    may_be_written,
    prepare,
    tells_of_the_file,
)
from headway.store.wal import shrink, size

FILE_NAME: Final = "headway.db"

BUSY_SECONDS: Final = 4.0
"""A writer waits this long for its turn, and again for the file's lock: together below the
workers' lease, so that waiting never costs a lease."""


def open_sqlite(directory: Path) -> SqlStore:
    """The store of a data directory: made, or brought up to date, if need be.

    Raise `StoreUnusable` with the cause when it cannot be used as it is.
    """
    refuse_network(directory, mounts())
    _make(directory)
    with contextlib.ExitStack() as failed:
        try:
            database = SqliteDatabase(directory / FILE_NAME)
            failed.callback(database.close)
            with database.gate:
                upgrade(database.engine, directory / FILE_NAME)
            bell = SocketBell(directory / "bell")
        except (OSError, driver.Error, sa.exc.DBAPIError) as error:
            raise _refused(directory, error) from None
        failed.pop_all()
    return SqlStore(database, bell, close=database.close)


class SqliteDatabase:
    """One file, a pool of connections, and a gate that gives writers their turns."""

    engine_name = "sqlite"
    # A writing transaction is the only one, so its reads need no locks.
    for_update = ""
    skip_locked = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gate = WriteGate(path.parent, BUSY_SECONDS)
        self.version = driver.sqlite_version
        self._pid = os.getpid()
        self._closed = False
        self._watchers = threading.local()
        self._watching: list[Any] = []
        self.engine = sa.create_engine(
            # Not as one text: a `?` in the path would begin the address's query.
            sa.URL.create("sqlite+pysqlite", database=str(path)),
            module=driver,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            poolclass=sa.QueuePool,
            pool_size=8,
            max_overflow=32,
            pool_timeout=BUSY_SECONDS,
        )
        sa.event.listen(self.engine, "connect", prepare)
        self._pool = self.engine.pool  # `Engine.dispose` would take another for it

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """See `Database.write`. IMMEDIATE, because a read that becomes a write fails at once."""
        with self._connection() as connection, self.gate, closing_cursor(connection) as tx:
            tx.run("BEGIN IMMEDIATE")
            committing = False
            try:
                yield tx
                committing = True
                tx.run("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    tx.run("ROLLBACK")
                if committing and may_be_written(error):
                    self._write_over(error)
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """See `Database.read`. Each statement is a snapshot of its own."""
        with self._connection() as connection, closing_cursor(connection) as tx:
            yield tx

    def now(self, tx: Transaction) -> float:
        """The system's clock as SQLite reads it, to the millisecond."""
        return float(tx.value("SELECT (julianday('now') - 2440587.5) * 86400.0"))

    def reserve(self, tx: Transaction, table: str, count: int) -> Sequence[int]:
        """The next free keys: the transaction is the only writer, so nobody else can take them."""
        last = tx.value("SELECT seq FROM sqlite_sequence WHERE name = :table", {"table": table})
        first = (last or 0) + 1
        return range(first, first + count)

    def hold(self, tx: Transaction, names: Iterable[str]) -> None:
        """See `Database.hold`: the only writer holds them all."""

    def end_stopped(self) -> None:
        """See `Database.end_stopped`: nobody can take the file from whoever has it."""

    def rows_of(self, columns: Mapping[str, str]) -> str:
        """See `Database.rows_of`."""
        fields = ", ".join(f"value ->> {i} AS {name}" for i, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(:rows))"  # nosec B608 - names that stand in the code

    def among(self, column: str, values: str) -> str:
        """See `Database.among`."""
        return f"{column} IN ({values})"

    def changed(self) -> bool:
        """True when another connection committed since this thread asked last."""
        refuse_fork(self._pid)
        try:
            connection = getattr(self._watchers, "connection", None)
            if connection is None:
                connection = self._watchers.connection = self._watch()
            version = connection.execute("PRAGMA data_version").fetchone()[0]
        except driver.Error as error:
            raise mapped(error) from None
        seen, self._watchers.version = getattr(self._watchers, "version", None), version
        return bool(version != seen)

    def log_bytes(self) -> int:
        """See `Database.log_bytes`."""
        return size(self.path)

    def shrink_log(self) -> int:
        """See `Database.shrink_log`."""
        with self._connection() as connection:
            return shrink(connection, self.path, self.gate)

    def close(self) -> None:
        """Close all connections, those in use as soon as they are not, and the gate. Closing twice
        is fine."""
        self._closed = True
        for connection in self._watching:
            connection.close()
        self._watching = []
        self._pool.dispose()
        self.gate.close()

    def _watch(self) -> Any:
        connection = driver.connect(self.path, check_same_thread=False, isolation_level=None)
        self._watching.append(connection)
        return connection

    def _write_over(self, cause: BaseException) -> None:
        """Make sure that what was refused stays unwritten, or raise `OutcomeUnknown`.

        A transaction whose sync failed may lie in the log, whole. Nobody sees it now, but whoever
        opens the file after a crash would find it there and take it for committed. The next
        transaction goes to the same place: once that is synced, the one before can never return.
        """
        try:
            if not HAS_LOG:  # a rollback journal does not tell on which side the commit failed
                raise cause
            with contextlib.closing(driver.connect(self.path, timeout=BUSY_SECONDS)) as connection:
                prepare(connection)
                for statement in ("BEGIN IMMEDIATE", TOUCH, "COMMIT"):
                    connection.execute(statement)
        except driver.Error as error:
            raise OutcomeUnknown(
                f"expected the transaction to be written or not, but neither is sure: {cause}, and"
                f" then {error}; look at the disk, and ask again with the same Idempotency-Key",
                undone_by_next_write=HAS_LOG,
            ) from None

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        refuse_fork(self._pid)
        try:
            pooled = self.engine.raw_connection()
            try:
                yield pooled.driver_connection
            finally:
                pooled.close()
                if self._closed:  # after the pool was emptied, or just before: one of us sees this
                    self._pool.dispose()
        except (driver.Error, sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise mapped(error) from None


def _make(directory: Path) -> None:
    if not HAS_LOG:
        warnings.warn(
            f"SQLite {driver.sqlite_version} is older than 3.51.3: using the slower rollback"
            " journal; install pysqlite3 for a recent one",
            stacklevel=3,
        )
    try:
        # For its owner alone: password hashes and everybody's inputs are in there.
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = directory / f".probe-{os.getpid()}-{next(_probes)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unusable(directory, error) from None


_probes = itertools.count()


def _unusable(directory: Path, error: Exception) -> StoreUnusable:
    return StoreUnusable(
        f"expected to read and write the data directory {directory}, got: {error};"
        " check its owner, its rights and the space left"
    )


def _refused(directory: Path, error: Exception) -> Exception:
    """What an error while opening is told as."""
    cause = getattr(error, "orig", None) or error
    if tells_of_the_file(cause):
        return mapped(error)
    return _unusable(directory, cause)
