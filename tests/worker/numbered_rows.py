"""A large file of numbered rows, some of them broken, and the import of it in shards."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from headway.job import Job, Json
from tests.waiting import eventually
from tests.worker.site import Site

ROWS: Final = 300_000
BROKEN: Final = range(777, ROWS, 30_000)
SHARDS: Final = 4


def uploaded(site: Site, folder: Path, text: str) -> str:
    """The id of the file, of about 21 MB."""
    path = folder / "rows.csv"
    with path.open("w") as file:
        file.write("number,text\n")
        for number in range(ROWS):
            broken = ",one field too many" if number in BROKEN else ""
            file.write(f'{number},"{text}{number % 89}"{broken}\n')
    sha256, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    kept = site.service.files.keep(path, "file", sha256)
    return site.service.catalog.add_file("ada", path.name, kept, sha256, size).id


class Gates:
    """What holds shards and merge back, and what they have said there. See `shared_import`."""

    def __init__(self, folder: Path) -> None:
        self.log, self.shards, self.merge = folder / "log", folder / "gate", folder / "merge-gate"

    def pids(self, word: str, count: int) -> list[int]:
        """The processes of so many that stood still, as soon as they do."""

        def found() -> list[int]:
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            pids = [int(line.split()[1]) for line in lines if line.startswith(word)]
            return pids if len(pids) >= count else []

        return eventually(found, within=60)


def imported(site: Site, file: str, gates: Gates, *, shards: int = SHARDS, **more: int) -> Job:
    """An import in so many shards; in none as a whole."""
    stored = site.store.artifacts.get(file)
    assert stored is not None
    size = site.service.files.path(stored.path).stat().st_size
    told = {
        "file": file,
        "log": str(gates.log),
        "gate": str(gates.shards),
        "merge_gate": str(gates.merge),
        "shard_bytes": size // shards + 1 if shards else 0,
    }
    return site.submit("shared_import", None, **told, **more)


def items(site: Site, job: Job) -> list[Mapping[str, Json]]:
    """The records that are no rows."""
    parts = [site.service.files.local(one.path) for one in site.store.jobs.parts(job.id)]
    return [orjson.loads(line) for part in parts for line in part.read_bytes().splitlines()]


def check_whole(site: Site, job: Job, file: str, gates: Gates) -> None:
    """The job has ended as an import that was never split does."""
    ended = site.completed(job, within=90)
    one = site.completed(imported(site, file, gates, shards=0), within=90)
    assert site.store.jobs.shards(one.id) == []
    assert ended.result == one.result
    assert ended.counts == one.counts
    assert items(site, job) == items(site, one)
    assert len(items(site, job)) == len(BROKEN)
    assert not site.events(job, "log")
