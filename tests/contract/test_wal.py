"""SQLite's log stays in bounds, and nobody waits for that."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.store import sqlite, wal
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from tests.contract.acts import add, now_of, pinned
from tests.sqlite import migrate


@pytest.fixture
def store(patient: None, data_dir: Path) -> Iterator[Store]:
    migrate(data_dir)
    store = open_sqlite(data_dir)
    yield store
    store.close()


def grow(store: Store, data_dir: Path) -> int:
    """Write in one transaction what makes the log larger than the bound; its bytes.

    One, since the log begins anew after a commit that leaves it larger than 4 MiB.
    """
    add(store, input=b'"' + b"x" * (wal.SHRINK_ABOVE + 2**20) + b'"')
    size = wal.size(data_dir / "headway.db")
    assert size > wal.SHRINK_ABOVE
    return size


def test_a_log_above_the_bound_is_emptied(store: Store, data_dir: Path) -> None:
    grow(store, data_dir)
    assert store.upkeep.shrink_log() == 0
    assert wal.size(data_dir / "headway.db") == 0


def test_a_log_below_the_bound_is_left_alone(store: Store, data_dir: Path) -> None:
    add(store)
    before = wal.size(data_dir / "headway.db")
    assert before > 0
    assert store.upkeep.shrink_log() == before


def test_a_reader_that_holds_a_transaction_pins_the_log_until_it_ends(
    store: Store, data_dir: Path
) -> None:
    """Meanwhile nobody waits for it: neither the one who tries, nor those who write."""
    job = add(store)
    with pinned(data_dir):
        size = grow(store, data_dir)
        began = time.monotonic()
        assert store.upkeep.shrink_log() == size
        add(store)
        assert time.monotonic() - began < sqlite.BUSY_SECONDS / 2  # the patience of a writer
    assert store.upkeep.shrink_log() == 0
    assert now_of(store, job) == job


def test_writers_keep_their_patience_after_it(store: Store, data_dir: Path) -> None:
    """The connection goes back to the pool as it came."""
    grow(store, data_dir)
    with pinned(data_dir):
        store.upkeep.shrink_log()
    database = vars(store)["_database"]
    with database.engine.connect() as connection:
        patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    assert patience == sqlite.BUSY_SECONDS * 1000
