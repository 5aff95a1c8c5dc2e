"""Every test that takes `store` runs on every implementation of `store.contract.Store`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from headway.store import postgres_connection, sqlite
from headway.store.contract import Store
from tests.contract.opening import EVERY_KIND, new_address, open_at

PATIENCE: Final = 60.0


@pytest.fixture(params=EVERY_KIND)
def address(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[str]:
    """Where this test's store is: for `open_at`, here or in another process."""
    with new_address(request.param, data_dir) as address:
        yield address


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that this process opens wait for their turn, for a lock and for an answer as long as a
    busy machine may need. For how long they do otherwise is shown by tests of that."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", PATIENCE)
    options = f"-c lock_timeout={PATIENCE * 1000:.0f} -c synchronous_commit=on"
    monkeypatch.setattr(postgres_connection, "CONNECT", {"options": options})
    monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 2 * PATIENCE)


@pytest.fixture
def open_store(patient: None, address: str) -> Iterator[Callable[[], Store]]:
    """Opens the test's store, as often as a test likes; all are closed at its end."""
    with ExitStack() as opened:

        def open_one() -> Store:
            store = open_at(address)
            opened.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return open_store()
