"""What one API process, one worker and one PostgreSQL carry, and what two and four of them do.

    python -m benchmarks.sizing [--seconds N] [--jobs N] [--alone N]

PostgreSQL is a server of this run's own, every commit synced. Next to each rate stands what the
processes of Headway and those of PostgreSQL have used, in CPU seconds for 1,000: on a machine that
is too small for all of them these tell what a larger one would do. Needs `wrk` (Debian's package of
this name).
"""

import argparse
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from benchmarks._service import data_dir, row
from benchmarks.engines import closed, cpu_of, unfinished
from benchmarks.http import WARM_UP, Figures, load, reading, submission
from tests.crash.far import submit_many
from tests.crash.rows.api import JOBS, Server
from tests.postgres import OwnServer, own_server
from tests.worker.site import Site

PORT: Final = 7656
LOOK_SECONDS: Final = 0.2
"""Between two looks at whether all is done: they cost PostgreSQL too."""

MANY: Final = {"max_queued_per_user": 10_000_000, "log_level": "warning"}


@dataclass
class Ground:
    """Where all of it happens."""

    folder: Path
    database: OwnServer

    def cpu(self, *pids: int) -> tuple[float, float]:
        """CPU seconds that these have used by now with all below them, and PostgreSQL."""
        return sum(cpu_of(pid) for pid in pids), cpu_of(self.database.pid)


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(prog="scripts/bench sizing", description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="of load, for each figure")
    parser.add_argument("--jobs", type=int, default=6000, help="`async def` jobs")
    parser.add_argument("--alone", type=int, default=150, help="`def` jobs")
    given = parser.parse_args()
    with data_dir() as folder, own_server(PORT) as database:
        ground = Ground(folder, database)
        for count in (1, 2):
            _requests(ground, count, given.seconds)
        for operation, jobs in (("noop", given.jobs), ("noop_alone", given.alone)):
            for count in (1, 2, 4):
                _drain(ground, operation, jobs, count)


def _requests(ground: Ground, count: int, seconds: int) -> None:
    """Submissions and polls of so many API processes, each under a load of its own; no worker runs."""
    with contextlib.ExitStack() as running:
        settings = MANY | {"database_url": ground.database.url}
        servers = [
            running.enter_context(
                Server(ground.folder / f"api-{number}", "--no-worker", settings=settings)
            )
            for number in range(count)
        ]
        for name, make in (
            ("submissions", _submitting),
            ("polls of a job that waits", _polling),
            ("polls of a job that has ended", _polling_ended),
        ):
            before = ground.cpu(*(one.process.pid for one in servers))
            with ThreadPoolExecutor(count) as pool:
                loads = [pool.submit(make, one, seconds) for one in servers]
                found = [one.result() for one in loads]
            rate = sum(one[0] for one in found)
            spent = ground.cpu(*(one.process.pid for one in servers))
            latency = " / ".join(f"{max(one[n] for one in found):.0f}" for n in (1, 2))
            asked = rate * (seconds + WARM_UP)  # about: it counts the warming up at the same rate
            _tell(f"{name}, {count} API", rate, before, spent, asked, f"p50 / p99 {latency} ms")


def _submitting(server: Server, seconds: int) -> Figures:
    return load(server.url + JOBS, submission(_token(server)), seconds)


def _polling(server: Server, seconds: int) -> Figures:
    job = server.submit(uuid4().hex).json()["poll_url"]
    return load(server.url + job, reading(_token(server)), seconds)


def _polling_ended(server: Server, seconds: int) -> Figures:
    job = server.submit(uuid4().hex).json()["poll_url"]
    server.client.post(f"{job}/cancel", headers=server.headers).raise_for_status()
    return load(server.url + job, reading(_token(server)), seconds)


def _token(server: Server) -> str:
    return server.headers["Authorization"].partition(" ")[2]


def _drain(ground: Ground, operation: str, jobs: int, workers: int) -> None:
    """So many jobs that do nothing, all of them there before any worker may take one."""
    directory = ground.folder / f"{operation}-{workers}"
    settings = {"database_url": ground.database.url, "async_slots": 400}
    with closed(Site(directory, settings)) as site:
        site.service.queue.oversight.pause(operation)
        submit_many(site, operation, jobs)
        started = [site.worker() for _ in range(workers)]
        pids = [one.pid for one in started]
        before, began = ground.cpu(*pids), time.monotonic()
        site.service.queue.oversight.resume(operation)
        while unfinished(site):
            time.sleep(LOOK_SECONDS)
        rate = jobs / (time.monotonic() - began)
        _tell(f"{operation}, {workers} workers", rate, before, ground.cpu(*pids), jobs)


def _tell(
    name: str,
    rate: float,
    before: tuple[float, float],
    after: tuple[float, float],
    count: float,
    more: str = "",
) -> None:
    ours, server = ((b - a) / count * 1000 for a, b in zip(before, after, strict=True))
    row(name, f"{rate:>7,.0f}/s   CPU s for 1,000: {ours:.2f}, PostgreSQL {server:.2f}   {more}")


if __name__ == "__main__":
    main()
