"""One large CSV imported as a whole, and in shards on one core, one slot and two: what sharing gains.

    scripts/bench import_shards --megabytes 1024

Each is a job on a worker of its own, from its first claim to its end, on the file of
`benchmarks.import_speed`. CPU seconds and memory are what the attempts say of their processes: the
sum, and the highest of any. An import as a whole writes its Parquet on a second core while it reads.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks._operations import import_undivided
from benchmarks._service import OPERATIONS, data_dir, row
from benchmarks._workers import completed, seconds_of, service_of, worker_at
from benchmarks.import_speed import generate
from headway.artifacts import hash_file
from headway.job_request import JobRequest
from headway.settings import Settings
from headway.wiring import Service, files_of

OWNER: Final = "bench"


class Way(NamedTuple):
    """An operation, and where it runs."""

    title: str
    operation: str
    slots: int
    under: Sequence[str] = ()


WHOLE: Final = Way("as a whole", import_undivided.name, 1)
CORE: Final = Way("in shards, one slot, one core", "import_csv", 1, ("taskset", "-c", "0"))
ONE: Final = Way("in shards, one slot", "import_csv", 1)
TWO: Final = Way("in shards, two slots", "import_csv", 2)


class Cost(NamedTuple):
    """What an import took."""

    seconds: float
    cpu: float
    peak: float
    """MiB."""
    sha256: str
    rows: int


def main() -> None:
    """Print what each way takes, and the ratios of two slots to the others."""
    given = argparse.ArgumentParser(prog="scripts/bench import_shards")
    given.add_argument("--megabytes", type=int, default=1024)
    given.add_argument("--rounds", type=int, default=1, help="of all ways, in turns")
    options = given.parse_args()
    with data_dir() as folder:
        costs = _measured(folder, options.megabytes, options.rounds)
    two = median(one.seconds for one in costs[TWO])
    for way in (WHOLE, CORE, ONE):
        other = median(one.seconds for one in costs[way])
        row(f"two slots over {way.title}", f"{two / other:.2f}")
    same = len({one.sha256 for found in costs.values() for one in found}) == 1
    row("data sets of all runs", "equal" if same else "DIFFERENT")


def _measured(folder: Path, megabytes: int, rounds: int) -> dict[Way, list[Cost]]:
    settings = Settings(
        data_dir=folder / "one", embedded_worker=False, operations=tuple(OPERATIONS.split(","))
    )
    costs: dict[Way, list[Cost]] = {way: [] for way in (WHOLE, CORE, ONE, TWO)}
    with service_of(settings) as service:
        file = _uploaded(service, folder, megabytes)
        for way in [*costs] * rounds:
            with worker_at(folder / "one", way.slots, under=way.under):
                cost = _cost(service, way, file)
            costs[way].append(cost)
            row(
                way.title,
                f"{cost.seconds:.1f} s, {cost.rows / cost.seconds:,.0f} rows/s,"
                f" {cost.cpu:.1f} CPU s, peak {cost.peak:.0f} MiB",
            )
    return costs


def _uploaded(service: Service, folder: Path, megabytes: int) -> str:
    """The id of the file, which is in the page cache afterwards."""
    made = folder / "large.csv"
    generate(made, megabytes)
    sha256, size = hash_file(made), made.stat().st_size
    path = files_of(service.settings).keep(made, "file", sha256)
    return service.catalog.add_file(OWNER, made.name, path, sha256, size).id


def _cost(service: Service, way: Way, file: str) -> Cost:
    job = completed(service, JobRequest(operation=way.operation, owner=OWNER, input={"file": file}))
    jobs = [job, *service.store.jobs.shards(job.id)]
    attempts = [attempt for one in jobs for attempt in service.store.jobs.attempts(one.id)]
    return Cost(
        seconds_of(job),
        sum(one.cpu_seconds or 0.0 for one in attempts),
        max(one.peak_memory or 0 for one in attempts) / 2**20,
        job.result["sha256"],
        job.result["rows"],
    )


if __name__ == "__main__":
    main()
