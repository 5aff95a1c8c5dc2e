"""The size of SQLite's write-ahead log: it never shrinks by itself while anybody is connected."""

from pathlib import Path
from typing import Any, Final

from headway.store.gate import WriteGate

SHRINK_ABOVE: Final = 8 * 2**20


def shrink(connection: Any, database: Path, gate: WriteGate) -> int:
    """Empty a log that has grown above the bound, if no reader needs it; its bytes now.

    Waits for no reader, because all writers would wait with it.
    """
    if size(database) > SHRINK_ABOVE:
        (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
        connection.execute("PRAGMA busy_timeout=0")
        try:
            _checkpoint(connection, "PASSIVE")  # the bulk of the work, with nobody kept waiting
            with gate:
                _checkpoint(connection, "TRUNCATE")
        finally:
            connection.execute(f"PRAGMA busy_timeout={patience}")
    return size(database)


def size(database: Path) -> int:
    """The log's bytes; 0 when there is none."""
    try:
        return database.with_name(f"{database.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _checkpoint(connection: Any, how: str) -> None:
    connection.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
