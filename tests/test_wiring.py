"""The embedded worker is told all it has to know, and what cannot be opened leaves nothing open."""

import os
import threading
from pathlib import Path

import pytest

from headway.errors import SettingsError
from headway.settings import Settings
from headway.wiring import open_service
from tests.waiting import eventually


def test_the_embedded_worker_keeps_jobs_as_long_as_it_is_set(data_dir: Path) -> None:
    """It reads its own settings, from an environment made for it."""
    service = open_service(Settings(data_dir=data_dir, keep_days=7, keep_days_failed=90, slots=1))
    service.start()
    try:
        worker = eventually(service.store.workers.alive, within=30)[0]
        told = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
    finally:
        service.close()
    assert {b"HEADWAY_KEEP_DAYS=7.0", b"HEADWAY_KEEP_DAYS_FAILED=90.0"} <= set(told)
    assert not any(one.startswith(b"HEADWAY_KEEP_DAYS_CANCELLED") for one in told)


def test_a_service_whose_operations_are_not_there_leaves_nothing_open(data_dir: Path) -> None:
    """Without a lifespan, every request would open it anew."""
    threads = set(threading.enumerate())
    with pytest.raises(SettingsError, match="no_such_module"):
        open_service(Settings(data_dir=data_dir, operations=("no_such_module",)))
    held = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    assert [one for one in held if Path(one).is_relative_to(data_dir.resolve())] == []
    assert set(threading.enumerate()) <= threads
