"""The queue from Python: enqueue, drain, latency, cancel. No-op `async` jobs, every commit synced.

    python -m benchmarks.queue [JOBS]

Medians of three runs. Absolute figures drift with the machine.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks._service import OPERATIONS, data_dir, percentile, row
from headway.job import Job, Status
from headway.job_request import JobRequest
from headway.settings import Settings
from headway.wiring import Service, open_service

OWNER = "bench"
ROUNDS = 3


def main(jobs: int = 20_000) -> None:
    """Print every figure."""
    with data_dir() as directory, service(directory, worker=False) as idle:
        row("enqueue one by one, jobs/s", f"{rate(lambda: one_by_one(idle, 2_000), 2_000):,.0f}")
        row("enqueue by 16 threads, jobs/s", f"{rate(lambda: threads(idle, 4_000), 4_000):,.0f}")
        row("enqueue in bulk, jobs/s", f"{rate(lambda: bulk(idle, jobs), jobs):,.0f}")
    drained = [drain(jobs) for _ in range(ROUNDS)]
    row("drain of a full queue, one worker, jobs/s", f"{median(drained):,.0f}")
    with data_dir() as directory, service(directory, worker=True) as running:
        finish(running, submit(running, "noop"))
        latency(running)
        cancel(running)


@contextmanager
def service(directory: Path, *, worker: bool) -> Iterator[Service]:
    """A service on a fresh directory."""
    opened = open_service(
        Settings(
            data_dir=directory,
            operations=(OPERATIONS,),
            embedded_worker=worker,
            max_queued_per_user=10_000_000,
        )
    )
    try:
        yield opened
    finally:
        opened.close()


def submit(service: Service, operation: str) -> Job:
    """One job."""
    return service.queue.submit(JobRequest(operation=operation, owner=OWNER))


def one_by_one(service: Service, jobs: int) -> None:
    """Each job a commit of its own."""
    for _ in range(jobs):
        submit(service, "noop")


def threads(service: Service, jobs: int) -> None:
    """Sixteen callers, each a commit a job."""
    callers = [threading.Thread(target=one_by_one, args=(service, jobs // 16)) for _ in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


def bulk(service: Service, jobs: int) -> None:
    """A thousand jobs a commit."""
    for _ in range(jobs // 1000):
        service.queue.submit_many([JobRequest(operation="noop", owner=OWNER)] * 1000)


def rate(work: Callable[[], None], jobs: int) -> float:
    """Jobs a second, the median of three runs."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return jobs / median(seconds)


def drain(jobs: int) -> float:
    """Jobs a second from the first start to the last end, as the rows say."""
    with data_dir() as directory, service(directory, worker=True) as running:
        finish(running, submit(running, "noop"))
        worker = running.store.workers.alive()[0].pid
        os.kill(worker, signal.SIGSTOP)
        bulk(running, jobs)
        last = running.queue.submit(JobRequest(operation="noop", owner=OWNER, priority=9))
        os.kill(worker, signal.SIGCONT)
        began = time.time()
        ended = finish(running, last, pause=0.05)
        return jobs / ((ended.completed_at or 0) - began)


def finish(service: Service, job: Job, pause: float = 0.0005) -> Job:
    """The job once it has ended."""
    while not (job := service.queue.get(job.id, OWNER)).status.finished:
        time.sleep(pause)
    return job


def latency(service: Service, samples: int = 300) -> None:
    """From the call to the start and to the result being there, one job at a time."""
    started, ended = [], []
    for _ in range(samples):
        began = time.time()
        job = finish(service, submit(service, "noop"))
        ended.append(time.time() - began)
        started.append((job.started_at or 0) - began)
    for name, values in (("submit -> started", started), ("submit -> result visible", ended)):
        p50, p99 = percentile(values, 0.5) * 1000, percentile(values, 0.99) * 1000
        row(f"{name}, p50 / p99 ms", f"{p50:.2f} / {p99:.2f}")


def cancel(service: Service, samples: int = 5) -> None:
    """How long the row, and the process, take to follow a cancel of code that never yields."""
    rows, processes = [], []
    for _ in range(samples):
        job = submit(service, "spin")
        while service.queue.get(job.id, OWNER).status is not Status.RUNNING:
            time.sleep(0.001)
        time.sleep(0.2)  # let it be in the middle of its loop
        children = set(grandchildren(service))
        began = time.perf_counter()
        service.queue.cancel(job.id, OWNER)
        rows.append(time.perf_counter() - began)
        while children == set(grandchildren(service)):
            time.sleep(0.005)
        processes.append(time.perf_counter() - began)
    row("cancel: row cancelled after, worst ms", f"{max(rows) * 1000:.1f}")
    row("cancel: process gone after, worst s", f"{max(processes):.2f}")


def grandchildren(service: Service) -> list[str]:
    """The processes below the worker's zygote."""
    worker = service.store.workers.alive()[0].pid
    return [pid for child in _children(str(worker)) for pid in _children(child)]


def _children(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
