"""The queue as whoever runs the service sees it: from its own machine, whosever jobs they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.cli.starting import find_modules_here
from headway.queue import Queue
from headway.settings import Settings
from headway.wiring import open_service


@contextmanager
def site(data_dir: Path | None) -> Iterator[Queue]:
    """The queue of a data directory or database. Nothing is started."""
    find_modules_here()
    settings = Settings.from_env(data_dir=data_dir, embedded_worker=False)
    service = open_service(settings)
    try:
        yield service.queue
    finally:
        service.close()
