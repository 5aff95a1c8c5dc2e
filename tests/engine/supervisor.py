"""A process that serves nothing, but has an engine as one that serves the API does."""

import signal
import sys
import threading
from pathlib import Path

from headway.settings import Settings
from headway.wiring import open_service
from tests.worker.site import MODULE


def main() -> None:
    """Start the engine, say so, and run until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    service = open_service(
        Settings(data_dir=Path(sys.argv[1]), operations=(MODULE,), slots=2, grace=1)
    )
    service.start()
    print("started", flush=True)  # noqa: T201 - whoever started us waits for it
    told.wait()
    service.close()


if __name__ == "__main__":
    main()
