"""Workers with so many slots, here or as if on another machine, and the jobs they do."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks._service import OPERATIONS, ROOT
from headway.job import Job, Status
from headway.job_request import JobRequest
from headway.settings import Settings
from headway.wiring import Service, open_service


@contextlib.contextmanager
def service_of(settings: Settings) -> Iterator[Service]:
    """A service in this process."""
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


@contextlib.contextmanager
def worker_at(
    folder: Path,
    slots: int,
    url: str | None = None,
    host: str | None = None,
    under: Sequence[str] = (),
) -> Iterator[None]:
    """A worker on a data directory: `under` another program, on a database, as a host of this name."""
    command = [*under, sys.executable, "-m", "headway", "work", "--slots", str(slots)]
    if host is not None and os.geteuid() == 0 and shutil.which("unshare"):
        command = ["unshare", "--uts", "sh", "-c", f'hostname {host}; exec "$@"', "-", *command]
    environment = os.environ | {
        "HEADWAY_DATA_DIR": str(folder),
        "HEADWAY_OPERATIONS": OPERATIONS,
    }
    if url is not None:
        environment["HEADWAY_DATABASE_URL"] = url
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def completed(service: Service, request: JobRequest) -> Job:
    """The job that was asked for, when it is done."""
    job = service.queue.submit(request)
    while not job.status.finished:
        time.sleep(0.05)
        job = service.queue.get(job.id, request.owner)
    assert job.status is Status.COMPLETED, job
    return job


def seconds_of(job: Job) -> float:
    """From the first claim to the end: how fast a worker starts is not the question."""
    assert job.started_at is not None
    assert job.completed_at is not None
    return job.completed_at - job.started_at
