"""What a job costs on each engine, and a task of plain Celery on the same broker in the same run.

    python -m benchmarks.engines [--jobs N] [--alone N]

Jobs that do nothing are submitted fifty at a time, as the API's intake gathers them, and run by one
worker; a task of plain Celery is sent by itself, which is all it can. Counted from the first submission
to the last end. CPU seconds are those of submitter and worker with all their processes, without the
servers'. A job is durable, in a history and sent on to whoever watches; a task is forgotten.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headway.job_request import JobRequest
from tests.brokers import RABBITMQ, own_queue, own_redis
from tests.engine.kinds import settings_of
from tests.waiting import eventually
from tests.worker.processes import below
from tests.worker.site import ROOT, Site

KINDS: Final = (
    "local on sqlite",
    "local on postgres",
    "celery on redis",
    "celery on rabbitmq",
    "celery on rabbitmq quorum",
)
AT_ONCE: Final = 50
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """What a run came to."""

    name: str
    jobs: int
    seconds: float
    cpu: float

    def line(self) -> str:
        """As it is printed."""
        return (
            f"{self.name:<44} {self.jobs:>6} {self.jobs / self.seconds:>9.0f}"
            f" {self.cpu / self.jobs * 1000:>9.2f}"
        )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench engines", description=__doc__)
    parser.add_argument("--jobs", type=int, default=3000, help="jobs that share a process")
    parser.add_argument("--alone", type=int, default=300, help="jobs with a process each")
    given = parser.parse_args(arguments)
    print(f"{'':<44} {'jobs':>6} {'jobs/s':>9} {'CPU s per 1,000':>9}", flush=True)
    for kind in KINDS:
        for operation, count in (("noop", given.jobs), ("noop_alone", given.alone)):
            print(of_headway(kind, operation, count).line(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        port = 7000 + os.getpid() % 900
        with own_redis(port) as server:
            print(of_celery("redis", server.url, "plain", given.jobs, Path(folder)).line())
        with own_queue() as queue:
            print(of_celery("rabbitmq", RABBITMQ, queue, given.jobs, Path(folder)).line())


def of_headway(kind: str, operation: str, count: int) -> Figures:
    with (
        tempfile.TemporaryDirectory(prefix="hw-") as folder,
        settings_of(kind) as settings,
        closed(Site(Path(folder) / "data", settings)) as site,
    ):
        worker = site.worker()
        site.completed(site.submit(operation), within=60)
        queue = site.service.queue
        request = JobRequest(operation=operation, owner="ada", input={})
        before, began = cpu_of(worker.pid) + own_cpu(), time.monotonic()
        for _ in range(count // AT_ONCE):
            queue.accept([queue.prepare(request) for _ in range(AT_ONCE)])
        submitted = own_cpu()
        while unfinished(site):
            time.sleep(0.02)
        seconds = time.monotonic() - began
        spent = cpu_of(worker.pid) + submitted - before
    return Figures(f"{kind}, {operation}", count, seconds, spent)


def unfinished(site: Site) -> int:
    """How many jobs wait or run."""
    return sum(one.waiting + one.running for one in site.service.queue.oversight.depth())


def own_cpu() -> float:
    """Seconds that this process has used."""
    return sum(os.times()[:2])


def of_celery(name: str, url: str, queue: str, count: int, folder: Path) -> Figures:
    done = folder / f"done-{name}"
    environment = {
        **os.environ, "PLAIN_BROKER": url, "PLAIN_QUEUE": queue, "PLAIN_DONE": str(done),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }  # fmt: skip
    os.environ.update(PLAIN_BROKER=url, PLAIN_QUEUE=queue, PLAIN_DONE=str(done))
    sys.modules.pop("benchmarks._plain_celery", None)
    from benchmarks._plain_celery import noop

    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "benchmarks._plain_celery", "worker", "-c", "2",
         "--loglevel", "WARNING"],
        env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        noop.apply_async()
        eventually(lambda: size_of(done) == 1, within=60)
        before, began = cpu_of(worker.pid) + own_cpu(), time.monotonic()
        for _ in range(count):
            noop.apply_async()
        submitted = own_cpu()
        eventually(lambda: size_of(done) == count + 1, within=600)
        seconds = time.monotonic() - began
        spent = cpu_of(worker.pid) + submitted - before
    finally:
        worker.terminate()
        worker.wait(60)
    return Figures(f"plain Celery on {name}", count, seconds, spent)


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def cpu_of(pid: int) -> float:
    """Seconds that a process and all below it have used, those of its dead children included."""
    total = 0.0
    for one in (pid, *below(pid)):
        with suppress(OSError):  # it has ended since, and counts with its parent
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15]) / TICKS
    return total


@contextmanager
def closed(site: Site) -> Iterator[Site]:
    try:
        yield site
    finally:
        site.close()


if __name__ == "__main__":
    main(sys.argv[1:])
