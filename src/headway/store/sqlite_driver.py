"""SQLite's driver, a recent one where there is a wheel for it; how its connections are set, and its
errors as ours."""

import sqlite3 as linked
from typing import Any, Final

import sqlalchemy as sa

from headway.errors import StoreUnavailable, StoreUnusable

try:
    from pysqlite3 import dbapi2

    driver = dbapi2
except ImportError:  # no wheel for this machine: the one Python is linked with
    driver = linked

_WAL_RESET_FIXED: Final = (3, 51, 3)
"""Before it, several connections in WAL mode can race at the log's reset and lose a commit."""

HAS_LOG: Final[bool] = driver.sqlite_version_info >= _WAL_RESET_FIXED
"""Whether a write-ahead log is kept; else the slower rollback journal."""

_WAL_LIMIT: Final = 64 * 2**20

_SQL: Final = 1  # SQLITE_ERROR: a statement that makes no sense
_PASSING: Final = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED
_DAMAGED: Final = frozenset({11, 26})  # SQLITE_CORRUPT, SQLITE_NOTADB
_HALF_DONE: Final = frozenset({10, 13})  # SQLITE_IOERR, SQLITE_FULL


def prepare(connection: Any, _record: object = None) -> None:
    """Set a new connection as the service uses it. SQLAlchemy gives its own record of it too."""
    connection.isolation_level = None  # we say BEGIN ourselves
    journal = "wal" if HAS_LOG else "delete"
    for pragma in (
        f"journal_mode={journal}",
        "synchronous=full",
        "foreign_keys=off",  # there are none; migrations that rebuild a table rely on it
        f"journal_size_limit={_WAL_LIMIT}",
        "wal_autocheckpoint=8000",  # pages; before that a worker copies back, and no writer waits
        "cache_size=-16000",
        "temp_store=memory",
    ):
        connection.execute(f"PRAGMA {pragma}")


def mapped(error: Exception) -> Exception:
    """The driver's error as ours; as it is where it tells of a mistake of ours."""
    cause: Exception = getattr(error, "orig", None) or error
    if _code(cause) in _DAMAGED:
        return StoreUnusable(
            f"expected a whole database, got a damaged one ({cause}); restore a backup"
        )
    if isinstance(cause, (driver.OperationalError, sa.exc.TimeoutError)) and _code(cause) != _SQL:
        return StoreUnavailable(f"the database cannot be used right now ({cause}); try again")
    return cause


def tells_of_the_file(error: object) -> bool:
    """Whether the file is busy or damaged, rather than out of reach."""
    return _code(error) in _PASSING | _DAMAGED


def may_be_written(error: object) -> bool:
    """Whether a COMMIT that failed like this may have left a whole transaction on the disk."""
    return _code(error) in _HALF_DONE


def _code(error: object) -> int:
    """SQLite's primary result code, without what extends it; 0 for none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
