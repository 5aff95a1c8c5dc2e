"""PostgreSQL as the store: many writers at once, over many machines.

What differs from SQLite, and why:

- Claims lock the rows they take and skip those that others hold, so that workers do not queue up.
- What is numbered or counted under a name (an idempotency key, the versions of an artefact) is
  kept to one transaction at a time by an advisory lock on that name; SQLite has one writer anyway.
- Events get their positions last, under a lock that is held until the commit: a plain sequence
  could let a position be seen before a smaller one has been committed, and a reader who follows by
  cursor would never see that one.
- When the answer to a COMMIT is cut off, the server is asked what became of that transaction.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from headway.errors import OutcomeUnknown, StoreUnavailable, StoreUnusable
from headway.store.database import Transaction, refuse_fork
from headway.store.migrate import upgrade
from headway.store.notify import NotifyBell
from headway.store.postgres_sql import PostgresTransaction, row_source
from headway.store.sql_store import SqlStore

POOL_SIZE: Final = 4
"""Connections each process keeps, beside two for the bell."""
OVERFLOW: Final = 8
"""Connections a process opens beyond those when it is busy."""
WAIT_SECONDS: Final = 4.0
"""A statement waits this long for a lock, and a caller for a connection: below the lease."""
RESOLVE_SECONDS: Final = 4.0
"""How long the outcome of a COMMIT is asked for when its answer was cut off."""

_EVENTS_LOCK: Final = 0x6865_6164_7761_7901
"""The name, as a number, of the lock under which events get their positions."""

# Nothing hangs: a server that says nothing for 8 s is given up, a client that has gone silent
# within a transaction loses it, and with it the locks that all others may be waiting for.
_CONNECT: Final[Mapping[str, Any]] = {
    "connect_timeout": 4,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
    "application_name": "headway",
    "options": (
        "-c lock_timeout=4000 -c statement_timeout=12000"
        " -c idle_in_transaction_session_timeout=6000 -c synchronous_commit=on"
    ),
}


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
        raise _refused(address, error) from None
    return SqlStore(database, bell, close=database.close)


class PostgresDatabase:
    """A pool of connections to one database."""

    engine_name = "postgres"
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(self, address: sa.URL) -> None:
        self._pid = os.getpid()
        self._seen = threading.local()
        self.engine = sa.create_engine(
            address,
            connect_args=dict(_CONNECT),
            pool_size=POOL_SIZE,
            max_overflow=OVERFLOW,
            pool_timeout=WAIT_SECONDS,
        )
        # Each statement by itself, unless we say BEGIN.
        sa.event.listen(self.engine, "connect", lambda one, _: setattr(one, "autocommit", True))
        with self.read() as tx:
            self.version = str(tx.value("SHOW server_version")).partition(" ")[0]

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection of its own, for whoever keeps it: each statement is a transaction."""
        arguments, options = self.engine.dialect.create_connect_args(self.engine.url)
        return psycopg.connect(*arguments, **(dict(options) | dict(_CONNECT)), autocommit=True)

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """See `Database.write`."""
        with self._connection() as connection, _transaction(connection) as tx:
            tx.run("BEGIN")
            try:
                yield tx
                tx.finish()
                number = tx.value("SELECT pg_current_xact_id_if_assigned()::text")
            except BaseException:
                with contextlib.suppress(psycopg.Error):  # the first error is the one to tell
                    connection.rollback()
                raise
            self._commit(tx, number)

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
        """Close all connections. Closing twice is fine."""
        self.engine.dispose()

    def _commit(self, tx: Transaction, number: str | None) -> None:
        try:
            tx.run("COMMIT")
        except psycopg.OperationalError:
            if number is not None and not self._was_committed(number):
                raise

    def _was_committed(self, number: str) -> bool:
        """What became of the transaction, asked until somebody knows."""
        deadline = time.monotonic() + RESOLVE_SECONDS
        while True:
            try:
                with contextlib.closing(self.connect()) as connection:
                    row = connection.execute(
                        "SELECT pg_xact_status(CAST(%s AS xid8))", [number]
                    ).fetchone()
                if row is not None and row[0] != "in progress":
                    return bool(row[0] == "committed")
            except psycopg.OperationalError:
                pass
            if time.monotonic() > deadline:
                raise OutcomeUnknown(
                    "expected an answer to COMMIT, but the connection broke, and the server does"
                    " not say what became of it: it may have been written or not; ask again with"
                    " the same Idempotency-Key"
                ) from None
            time.sleep(0.1)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        refuse_fork(self._pid)
        try:
            pooled = self._checked_out()
            try:
                yield pooled.driver_connection
            finally:
                if pooled.driver_connection is not None and pooled.driver_connection.broken:
                    pooled.invalidate()
                pooled.close()
        except (psycopg.Error, sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise mapped(error) from None

    def _checked_out(self) -> Any:
        """A connection whose server has not hung up meanwhile, as all do at its restart."""
        while True:
            pooled = self.engine.raw_connection()
            connection: Any = pooled.driver_connection
            if not connection.closed and not _said_something(connection.fileno()):
                return pooled
            pooled.invalidate()
            pooled.close()


def _transaction(connection: Any) -> contextlib.AbstractContextManager[PostgresTransaction]:
    @contextlib.contextmanager
    def closing() -> Iterator[PostgresTransaction]:
        with connection.cursor() as cursor:
            yield PostgresTransaction(cursor, f"SELECT pg_advisory_xact_lock({_EVENTS_LOCK})")

    return closing()


def _said_something(descriptor: int) -> bool:
    """Whether an idle connection can be read: the server speaks unasked only to say goodbye."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        address = None
    if address is None or address.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreUnusable(
            "expected HEADWAY_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE,"
            f" got one that begins with {url.partition(':')[0]!r}"
        )
    return address.set(drivername="postgresql+psycopg")


def _migrate(address: sa.URL) -> None:
    # On a connection of its own: it wants one transaction around everything, and more patience.
    engine = sa.create_engine(address, connect_args={"connect_timeout": 4}, poolclass=sa.NullPool)
    upgrade(engine, address.render_as_string(hide_password=True))


def _refused(address: sa.URL, error: Exception) -> Exception:
    """What an error while opening is told as."""
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split())
    where = address.render_as_string(hide_password=True)
    if any(
        sign in text for sign in ("authentication failed", "does not exist", "permission denied")
    ):
        return StoreUnusable(
            f"expected to use {where}, got: {text}; check its name, the user and the rights"
        )
    return StoreUnavailable(f"expected an answer from {where}, got: {text}; try again")


_READ_ONLY: Final = "25006"


def mapped(error: Exception) -> Exception:
    """The driver's error as ours; as it is where it tells of a mistake of ours."""
    cause: Exception = getattr(error, "orig", None) or error
    passing = isinstance(
        cause, (psycopg.OperationalError, psycopg.InterfaceError, sa.exc.TimeoutError)
    )
    if passing or getattr(cause, "sqlstate", None) == _READ_ONLY:
        text = " ".join(str(cause).split())
        return StoreUnavailable(f"the database cannot be used right now ({text}); try again")
    return cause
