"""A large import on every slot: shared, killed, cancelled, and the same data set in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.job import Status
from headway.worker.orphans import Orphans
from tests.waiting import eventually
from tests.worker.numbered_rows import SHARDS, Gates, check_whole, imported, uploaded
from tests.worker.processes import is_alive
from tests.worker.site import Site

QUICK = ("tests.worker.quick_leases",)


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    site = Site(data_dir, modules=("tests.worker.shared_import",))
    yield site
    site.close()


@pytest.fixture
def file(site: Site, tmp_path: Path) -> str:
    return uploaded(site, tmp_path, "where is my parcel,\nand my money? ")


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def test_two_workers_share_an_import_that_is_killed_with_all_of_them(
    site: Site, file: str, gates: Gates
) -> None:
    """In the middle of two shards, which go on at their records; and in the middle of the merge."""
    workers = [site.worker("--slots", "1", entry=QUICK) for _ in range(2)]
    job = imported(site, file, gates)
    gates.pids("shard", 2)
    assert len({one.worker for one in site.store.jobs.shards(job.id) if one.worker}) == 2
    for worker in workers:
        worker.kill()
    gates.shards.touch()
    site.worker(entry=QUICK)
    gates.pids("merge", 1)
    shards = site.store.jobs.shards(job.id)
    assert len(shards) == SHARDS
    resumed = [one for one in shards if one.resumed_from is not None]
    assert len(resumed) == 2
    site.workers[-1].kill()
    gates.merge.touch()
    site.worker(entry=QUICK)
    check_whole(site, job, file, gates)
    Orphans(site.service.files, site.store.upkeep).remove()
    assert not list((site.service.files.shared_dir() / "parts").iterdir())
    assert not list((site.service.files.root / "jobs").rglob("handed-*.arrow"))


def test_a_cancelled_import_ends_its_shards_and_publishes_nothing(
    site: Site, file: str, gates: Gates
) -> None:
    site.worker()
    job = imported(site, file, gates)
    pids = gates.pids("shard", 2)
    assert site.cancel(job).status is Status.CANCELLED
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid), within=30)  # type: ignore[misc]
    assert {one.status for one in site.store.jobs.shards(job.id)} == {Status.CANCELLED}
    assert site.store.artifacts.find("ada", "dataset") == []


def test_a_shard_that_fails_for_good_fails_the_import(site: Site, file: str, gates: Gates) -> None:
    """With its sentence; and nothing is published."""
    gates.shards.touch()
    site.worker()
    job = imported(site, file, gates, fails=2)
    failed = site.failed(job, within=60)
    assert failed.error == f"shard 3 of {SHARDS} failed: this shard cannot be imported"
    assert site.store.artifacts.find("ada", "dataset") == []
