"""The embedded worker is told all it has to know."""

from pathlib import Path

from headway.settings import Settings
from headway.wiring import open_service
from tests.worker.site import eventually


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
