"""PostgreSQL as the store: many writers at once, over many machines.

What differs from SQLite, and why:

- Claims lock the rows they take and skip those that others hold, so that workers do not queue up.
- What is numbered or counted under a name (an idempotency key, the versions of an artefact) is
  kept to one transaction at a time by an advisory lock on that name; SQLite has one writer anyway.
- Events get their positions last, under a lock that is held until the commit: a plain sequence
  could let a position be seen before a smaller one has been committed, and a reader who follows by
  cursor would never see that one.
- When the answer to a COMMIT is cut off, the server is asked what became of that transaction.
- The server ends a transaction whose client has stopped between two statements, but not one that
  has stopped while it sent several at once; so whoever waits in vain for a lock, or takes the jobs
  of the dead, sees to that.
- A transaction that the server ends, so that others who wait for it can go on, is done again: see
  `store.repeat`.
"""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from headway.errors import StoreUnusable
from headway.masking import masked_url
from headway.store.database import Transaction, refuse_fork
from headway.store.migrate import current_revision, upgrade
from headway.store.notify import NotifyBell
from headway.store.postgres_commit import commit
from headway.store.postgres_connection import (
    IDLE_SECONDS,
    BoundedConnection,
    Patience,
    connected,
    said_something,
)
from headway.store.postgres_errors import mapped, refused
from headway.store.postgres_sql import PostgresTransaction, row_source
from headway.store.sql_store import SqlStore

POOL_SIZE: Final = 4
"""Connections each process keeps, beside two for the bell."""
OVERFLOW: Final = 8
"""Connections a process opens beyond those when it is busy."""
WAIT_SECONDS: Final = 4.0
"""A statement waits this long for a lock, and a caller for a connection: below the lease."""
_EVENTS_LOCK: Final = 0x6865_6164_7761_7901
"""The name, as a number, of the lock under which events get their positions."""


def open_postgres(url: str) -> SqlStore:
    """The store in the database of this URL: made, or brought up to date, if need be.

    Raise `StoreUnusable` with the cause when it cannot be used as it is, `StoreUnavailable` when
    nobody answers.
    """
    address = _address(url)
    database = None
    try:
        _migrate(address)
        database = PostgresDatabase(address)
        bell = NotifyBell(database.connect)
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        if database is not None:
            database.close()
        raise refused(address, error) from None
    return SqlStore(database, bell, close=database.close)


def schema_of(url: str) -> str | None:
    """The schema's version in the database of this URL; None when it has no tables yet.

    Nothing is made or changed. Raise what `open_postgres` raises.
    """
    address = _address(url)
    try:
        return current_revision(_plain(address))
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        raise refused(address, error) from None


class PostgresDatabase:
    """A pool of connections to one database."""

    engine_name = "postgres"
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(self, address: sa.URL) -> None:
        self._pid = os.getpid()
        self._closed = False
        self._seen = threading.local()
        self._patience = Patience()
        self.engine = sa.create_engine(
            address,
            creator=self.connect,
            pool_size=POOL_SIZE,
            max_overflow=OVERFLOW,
            pool_timeout=WAIT_SECONDS,
        )
        self._pool = self.engine.pool  # `Engine.dispose` would take another for it
        try:
            with self.read() as tx:
                self.version = str(tx.value("SHOW server_version")).partition(" ")[0]
        except BaseException:
            self.close()
            raise

    def connect(self) -> BoundedConnection:
        """A connection of its own, for whoever keeps it: each statement is a transaction, unless
        we say BEGIN."""
        arguments, options = self.engine.dialect.create_connect_args(self.engine.url)
        return connected(arguments, options, self._patience)

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """See `Database.write`."""
        with self._connection() as connection, _transaction(connection) as tx:
            tx.run("BEGIN")
            try:
                yield tx
                tx.finish()
                number = tx.value("SELECT pg_current_xact_id_if_assigned()::text")
            except BaseException as error:
                with contextlib.suppress(psycopg.Error):  # the first error is the one to tell
                    connection.rollback()
                    if isinstance(error, psycopg.errors.LockNotAvailable):
                        _end_stopped(tx)
                raise
            commit(tx, number, connection.server_began, self.connect)

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """See `Database.read`. Each statement is a snapshot of its own."""
        with self._connection() as connection, _transaction(connection) as tx:
            yield tx

    def now(self, tx: Transaction) -> float:
        """The server's clock, not that of the transaction's begin."""
        return float(tx.value("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)"))

    def reserve(self, tx: Transaction, table: str, count: int) -> Sequence[int]:
        """See `Database.reserve`. Numbers of transactions that fail are never used."""
        rows = tx.rows(
            "SELECT nextval(pg_get_serial_sequence(:table, 'seq')) FROM generate_series(1, :count)",
            {"table": table, "count": count},
        )
        return sorted(row[0] for row in rows)

    def hold(self, tx: Transaction, names: Iterable[str]) -> None:
        """See `Database.hold`. In one order for all, so that no two wait for each other."""
        numbers = sorted({_number(name) for name in names})
        if numbers:
            tx.rows(
                "SELECT pg_advisory_xact_lock(one) FROM unnest(CAST(:numbers AS bigint[])) AS one",
                {"numbers": numbers},
            )

    def rows_of(self, columns: Mapping[str, str]) -> str:
        """See `Database.rows_of`."""
        return row_source(columns)

    def among(self, column: str, values: str) -> str:
        """See `Database.among`. Not `IN`, for which it may read the table to its end."""
        return f"{column} = ANY (ARRAY({values}))"

    def end_stopped(self) -> None:
        """See `Database.end_stopped`."""
        with self.read() as tx:
            _end_stopped(tx)

    def changed(self) -> bool:
        """True when anything was committed on this server since this thread asked last."""
        with self.read() as tx:
            snapshot = str(tx.value("SELECT pg_current_snapshot()::text"))
        seen, self._seen.snapshot = getattr(self._seen, "snapshot", None), snapshot
        return bool(snapshot != seen)

    def log_bytes(self) -> int:
        """See `Database.log_bytes`."""
        return 0

    def shrink_log(self) -> int:
        """See `Database.shrink_log`: the server looks after its own."""
        return 0

    def close(self) -> None:
        """Close all connections, those in use as soon as they are not. Closing twice is fine."""
        self._closed = True
        self._pool.dispose()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        refuse_fork(self._pid)
        try:
            pooled = self._checked_out()
            try:
                yield pooled.driver_connection
            finally:
                if pooled.driver_connection is not None and pooled.driver_connection.closed:
                    pooled.invalidate()
                pooled.close()
                if self._closed:  # after the pool was emptied, or just before: one of us sees this
                    self._pool.dispose()
        except (psycopg.Error, sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise mapped(error) from None

    def _checked_out(self) -> Any:
        """A connection whose server has not hung up meanwhile, as all do at its restart."""
        while True:
            pooled = self.engine.raw_connection()
            connection: Any = pooled.driver_connection
            if not connection.closed and not said_something(connection.fileno()):
                return pooled
            pooled.invalidate()
            pooled.close()


@contextlib.contextmanager
def _transaction(connection: Any) -> Iterator[PostgresTransaction]:
    with connection.cursor() as cursor:
        yield PostgresTransaction(cursor, f"SELECT pg_advisory_xact_lock({_EVENTS_LOCK})")


def _end_stopped(tx: Transaction) -> None:
    tx.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user"
        " AND application_name = 'headway' AND pid != pg_backend_pid()"
        " AND xact_start IS NOT NULL AND wait_event = 'ClientRead'"
        " AND greatest(state_change, query_start) < clock_timestamp() - make_interval(secs => :idle)",
        {"idle": IDLE_SECONDS},
    )


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        address = None
    if address is None or address.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreUnusable(
            "expected HEADWAY_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE,"
            f" got: {masked_url(url)}"
        )
    return address.set(drivername="postgresql+psycopg")


def _migrate(address: sa.URL) -> None:
    upgrade(_plain(address), masked_url(address.render_as_string(hide_password=False)))


def _plain(address: sa.URL) -> sa.Engine:
    """Connections of its own: whoever migrates wants one transaction around everything, and more
    patience."""
    return sa.create_engine(address, connect_args={"connect_timeout": 4}, poolclass=sa.NullPool)
