"""COMMIT on PostgreSQL: when its answer is cut off, the server is asked what became of it."""

import contextlib
import time
from collections.abc import Callable
from typing import Final

import psycopg

from headway.errors import OutcomeUnknown
from headway.store.database import Transaction
from headway.store.postgres_connection import BoundedConnection

RESOLVE_SECONDS: Final = 3.5
"""How long the outcome of a COMMIT is asked for when its answer was cut off."""

Connect = Callable[[], BoundedConnection]


def commit(tx: Transaction, number: str | None, server_began: object, connect: Connect) -> None:
    """Commit the transaction of this number, None if it wrote nothing; raise if it was not.

    Raise `OutcomeUnknown` when nobody can tell.
    """
    try:
        tx.run("COMMIT")
    except psycopg.OperationalError as error:
        crashed = isinstance(error, psycopg.errors.CrashShutdown)
        if number is not None and not _was_committed(
            number, None if crashed else server_began, connect
        ):
            raise


def _was_committed(number: str, server_began: object, connect: Connect) -> bool:
    """What became of the transaction, asked until somebody knows.

    A crash can lose a number together with what was written under it, and the server gives it to
    another transaction then: so that one of this number was committed proves nothing after it.
    """
    deadline = time.monotonic() + RESOLVE_SECONDS
    while True:
        try:
            with contextlib.closing(connect()) as connection:
                row = connection.execute(
                    "SELECT pg_xact_status(CAST(%s AS xid8))", [number]
                ).fetchone()
                same = connection.server_began == server_began
            if row is not None and row[0] != "in progress":
                if row[0] != "committed" or same:
                    return bool(row[0] == "committed")
                deadline = 0.0
        except psycopg.errors.InvalidParameterValue:
            return False  # not given to anybody yet: the crash has lost it, and all under it
        except psycopg.OperationalError:
            pass
        if time.monotonic() > deadline:
            raise OutcomeUnknown(
                "expected an answer to COMMIT, but the connection broke, and the server does"
                " not say what became of it: it may have been written or not; ask again with"
                " the same Idempotency-Key"
            ) from None
        time.sleep(0.1)
