"""A lease is kept up by beats, and a beat says what came of it."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.worker.lease import Beat, Lease


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    store = open_sqlite(data_dir)
    yield store
    store.close()


@pytest.fixture
def lease(store: Store) -> Lease:
    lease = Lease(store.workers, slots=1, async_slots=1, operations=[], place=None)
    lease.begin()
    return lease


def test_a_beat_while_the_store_is_busy_is_late_and_the_next_comes_soon(
    data_dir: Path, lease: Lease
) -> None:
    """Late is not held: whoever sweeps does so after a beat that was written."""
    assert lease.beat() is Beat.HELD
    with (data_dir / "write.gate").open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        assert lease.beat() is Beat.LATE
    assert lease.beat_in() <= 0.2
    assert lease.beat() is Beat.HELD


def test_a_lease_that_others_have_ended_has_lapsed(store: Store, lease: Lease) -> None:
    store.workers.leave(lease.worker)
    assert lease.beat() is Beat.LAPSED


def test_a_lease_that_was_let_lapse_is_begun_anew_as_another(lease: Lease) -> None:
    before = lease.worker
    lease.lapse()
    assert (lease.beat(), lease.beat_in()) == (Beat.LAPSED, 0.0)
    lease.begin()
    assert lease.beat() is Beat.HELD
    assert lease.worker != before
