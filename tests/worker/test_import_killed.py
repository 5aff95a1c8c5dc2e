"""An import whose processes are killed loses no row and doubles none."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.data.datasets import Dataset
from headway.job import Job
from headway.worker.orphans import Orphans
from tests.waiting import eventually
from tests.worker.numbered_rows import BROKEN, ROWS, items, uploaded
from tests.worker.site import Site

TEXT = "where is the parcel that I have ordered, and my money"


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    site = Site(data_dir, modules=("tests.worker.mortal_import",))
    yield site
    site.close()


def imported(site: Site, file: str, log: Path, *stops: int) -> Job:
    log.touch()
    return site.submit("mortal_import", file=file, log=str(log), stops=list(stops))


def standing(log: Path, runs: int) -> int:
    """The process of the run that stands still."""
    return int(eventually(lambda: log.read_text().splitlines()[runs - 1 : runs], within=60)[0])


def test_an_import_goes_on_at_its_record_after_every_kill(site: Site, tmp_path: Path) -> None:
    """Of its child in the middle of a part, of its zygote, and of the worker with all below it: the
    data set has the same bytes as undisturbed, and each broken row is told once."""
    file, log = uploaded(site, tmp_path, TEXT), tmp_path / "log"
    worker = site.worker()
    expected = site.completed(imported(site, file, tmp_path / "none"), within=60)
    job = imported(site, file, log, 3, 3, 3)
    os.kill(standing(log, 1), signal.SIGKILL)
    site.until(job, lambda now: now.crashes == 1, within=60)
    standing(log, 2)
    os.kill(worker.zygote, signal.SIGKILL)
    site.until(job, lambda now: now.interruptions == 1, within=60)
    standing(log, 3)
    worker.kill()
    site.worker()
    ended = site.completed(job, within=90)
    assert (ended.attempt, ended.crashes, ended.interruptions) == (0, 1, 2)
    # Three batches each time, and the third, after the checkpoint, again.
    offsets = [one.data["resumed_from"]["offset"] for one in site.events(job, "resume")]
    assert len(offsets) == 3
    assert offsets == sorted(set(offsets))
    assert ended.result == expected.result
    assert ended.counts == expected.counts
    check_rows(site, ended)
    Orphans(site.service.files, site.store.upkeep).remove()
    assert not list((site.service.files.shared_dir() / "parts").iterdir())


def check_rows(site: Site, job: Job) -> None:
    """Every good row is in the data set, once and in order; every other is an item."""
    stored = site.store.artifacts.get(job.result["dataset_id"])
    assert stored is not None
    dataset = Dataset(site.service.files.path(stored.path))
    numbers = [n for chunk in dataset.read(["number"]) for n in chunk.columns["number"]]
    assert numbers == [str(number) for number in range(ROWS) if number not in BROKEN]
    assert [item["line"] for item in items(site, job)] == [number + 2 for number in BROKEN]
