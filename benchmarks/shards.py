"""One prediction on one core, on two, and on eight workers of two machines: what sharing it gains.

    scripts/bench shards --texts 1000000 --rounds 2

A machine is a host name and a data directory of its own, by `unshare --uts` (needs root), with the
database on a PostgreSQL and the artefacts in one directory that both see. The texts are those of
`benchmarks.batch`, repeated.
"""

import argparse
import contextlib
import hashlib
import itertools
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any, Final

from pydantic import SecretStr

from benchmarks._service import data_dir, row
from benchmarks._workers import completed, seconds_of, service_of, worker_at
from benchmarks.batch import real_texts
from headway.artifacts import hash_file
from headway.data.datasets import DatasetWriter
from headway.job import Job
from headway.job_request import JobRequest
from headway.settings import Settings
from headway.verdict import Publication
from headway.wiring import Service, files_of
from tests.postgres import fresh_database, is_there

OWNER: Final = "bench"
WORKERS: Final = 8
MACHINES: Final = ("machine-1", "machine-2")


def main() -> None:
    """Print seconds on one slot and on two, and who ran how many shards of one job."""
    given = argparse.ArgumentParser(prog="scripts/bench shards")
    given.add_argument("--texts", type=int, default=1_000_000)
    given.add_argument("--rounds", type=int, default=2, help="of one slot and two, in turns")
    given.add_argument("--skip-machines", action="store_true")
    options = given.parse_args()
    with data_dir() as folder:
        _cores(folder, options.texts, options.rounds)
        if not options.skip_machines and is_there():
            with fresh_database() as url:
                _machines(folder, url, options.texts)


def _cores(folder: Path, texts: int, rounds: int) -> None:
    took: dict[int, list[float]] = {1: [], 2: []}
    digests = set()
    with service_of(Settings(data_dir=folder / "one", embedded_worker=False)) as service:
        _publish(service, folder / "one", texts)
        for slots in (1, 2) * rounds:
            with worker_at(folder / "one", slots):
                job = _predicted(service)
            took[slots].append(seconds_of(job))
            digests.add(_digest(service, folder / "one", job))
            row(f"{texts:,} texts, {job.shards} shards, {slots} slots", f"{took[slots][-1]:.1f} s")
    one, two = median(took[1]), median(took[2])
    row("two slots over one, medians", f"{two / one:.2f} ({two:.1f} s over {one:.1f} s)")
    row("results of all runs", "equal" if len(digests) == 1 else "DIFFERENT")


def _machines(folder: Path, url: str, texts: int) -> None:
    """Four workers on each, one slot each."""
    places = [folder / name for name in MACHINES]
    root = files_of(Settings(data_dir=places[0])).root
    root.mkdir(parents=True)
    places[1].mkdir()
    files_of(Settings(data_dir=places[1])).root.symlink_to(root)
    database = SecretStr(url)
    settings = Settings(data_dir=places[0], database_url=database, embedded_worker=False)
    with contextlib.ExitStack() as running:
        service = running.enter_context(service_of(settings))
        _publish(service, places[0], texts)
        for number in range(WORKERS):
            machine = number % len(MACHINES)
            running.enter_context(worker_at(places[machine], 1, url, MACHINES[machine]))
        while len(hosts := {one.id: one.host for one in service.store.workers.alive()}) < WORKERS:
            time.sleep(0.05)
        job = _predicted(service)
        shards = service.store.jobs.shards(job.id)
    by_worker = Counter(str(one.worker) for one in shards)
    by_host = Counter(hosts[str(one.worker)] for one in shards)
    row(f"{WORKERS} workers on {len(MACHINES)} machines, PostgreSQL", f"{seconds_of(job):.1f} s")
    row("shards of each worker", ", ".join(map(str, sorted(by_worker.values(), reverse=True))))
    row("shards of each machine", ", ".join(f"{k}: {v}" for k, v in sorted(by_host.items())))


def _publish(service: Service, folder: Path, texts: int) -> None:
    """The data set `million`, made here: imports have a benchmark of their own."""
    made = folder / "million.parquet"
    with DatasetWriter(made, ("text",)) as writer:
        for text in itertools.islice(itertools.cycle(real_texts()), texts):
            writer.add((text,))
    meta: dict[str, Any] = writer.meta()
    sha256, size = hash_file(made), made.stat().st_size
    path = files_of(Settings(data_dir=folder)).keep(made, "dataset", sha256)
    service.store.artifacts.add(
        OWNER,
        Publication(
            id="million", kind="dataset", name="million", path=path, sha256=sha256, size=size,
            meta=meta,
        ),
    )  # fmt: skip


def _predicted(service: Service) -> Job:
    request = JobRequest(operation="batch_predict", owner=OWNER, input={"data": "million"})
    return completed(service, request)


def _digest(service: Service, folder: Path, job: Job) -> str:
    """A hash of every item, in order."""
    files = files_of(Settings(data_dir=folder))
    digest = hashlib.sha256()
    for part in service.store.jobs.parts(job.id):
        digest.update(files.path(part.path).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
