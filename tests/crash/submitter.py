"""A process that stands for the API: it has an engine, takes jobs in, and may die at any moment."""

import signal
import sys
import threading
from pathlib import Path
from typing import Any

from headway.job_request import JobRequest
from headway.settings import Settings
from headway.wiring import open_service
from tests.crash.history import History
from tests.worker.operations_under_test import Steps


def key_of(number: int) -> str:
    """The client's name for this job."""
    return f"job-{number}"


def steps_of(number: int, folder: Path) -> Steps:
    """What this job has to do."""
    log = folder / f"{key_of(number)}.log"
    return Steps(
        steps=12 + number % 7, every=1 + number % 3, seed=number, pause=0.004, log=str(log)
    )


def request_of(number: int, folder: Path) -> JobRequest:
    """The request for this job, the same each time it is made."""
    input: dict[str, Any] = steps_of(number, folder).model_dump()
    return JobRequest(
        operation="chain_async" if number % 4 == 3 else "chain",
        owner=f"user-{number % 3}",
        input=input,
        metadata={"key": key_of(number)},
        idempotency_key=key_of(number),
    )


def main(folder: Path, count: int) -> None:
    """Submit every job that was not acknowledged yet, and let a worker run until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    service = open_service(Settings.from_env())
    service.start()
    history = History(folder / "history")
    acknowledged = {entry.key for entry in history.read() if entry.outcome == "ok"}
    for number in range(count):
        if key_of(number) not in acknowledged:
            history.begin(key_of(number))
            job = service.queue.submit(request_of(number, folder))
            history.end(key_of(number), "ok", job.id)
    told.wait()
    service.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
