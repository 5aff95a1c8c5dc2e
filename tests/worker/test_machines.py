"""Machines that share a database and a bucket, and no disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from headway.http.part_files import rows_of
from headway.job import Status
from tests.postgres import fresh_database
from tests.s3 import S3
from tests.worker.numbered_rows import Gates, check_whole, imported, uploaded
from tests.worker.operations_under_test import Steps, chained
from tests.worker.site import Site
from tests.worker.steps import lines_of

pytestmark = pytest.mark.service("postgres")

Machine = Callable[..., Site]


@pytest.fixture
def machine(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A data directory of its own, on the database and the bucket of all."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket = s3.new_bucket()
    with ExitStack() as opened:
        database = opened.enter_context(fresh_database())

        def machine(name: str, *modules: str) -> Site:
            folder = tmp_path / name
            folder.mkdir()
            settings = {"database_url": database, "artifacts_url": bucket}
            site = Site(folder, settings, modules) if modules else Site(folder, settings)
            opened.callback(site.close)
            return site

        yield machine


def settings_of(site: Site) -> dict[str, str]:
    """What a worker on the site's machine is told beside its data directory."""
    assert site.service.settings.database_url is not None
    return {
        "database_url": site.service.settings.database_url.get_secret_value(),
        "artifacts_url": str(site.service.settings.artifacts_url),
    }


def test_items_that_one_machine_wrote_are_read_on_another(machine: Machine) -> None:
    """While the job runs, from their parts."""
    api, other = machine("api"), machine("other")
    other.worker(**settings_of(other))
    job = api.submit("count", steps=25, every=10)
    api.completed(job)
    rows = list(rows_of(api.service.files, api.store.jobs.parts(job.id)))
    assert [row["square"] for row in rows] == [one * one for one in range(25)]


def test_a_data_set_that_one_machine_made_is_read_by_a_job_on_another(machine: Machine) -> None:
    first, second = machine("first"), machine("second")
    worker = first.worker(**settings_of(first))
    first.completed(first.submit("publish_dataset", succeeds_at=1))
    worker.stop()
    second.worker(**settings_of(second))
    read = second.completed(second.submit("read_dataset", dataset="numbers"))
    assert read.result == {"text": "1\n2\n3\n", "version": 1}
    assert not any(path.endswith("scratch") for path in folders_of_jobs(second))


def test_machines_share_an_import_whose_shards_hand_over_by_the_bucket(
    machine: Machine, tmp_path: Path
) -> None:
    api, *others = (machine(name, "tests.worker.shared_import") for name in ("api", "one", "two"))
    gates = Gates(tmp_path)
    file = uploaded(api, tmp_path, "where is my parcel,\nand my money? ")
    for other in others:
        other.worker("--slots", "1", **settings_of(other))
    job = imported(api, file, gates)
    gates.pids("shard", 2)
    gates.shards.touch()
    gates.merge.touch()
    check_whole(api, job, file, gates)
    assert len({one.worker for one in api.store.jobs.shards(job.id)}) == len(others)


def done(log: Path, word: str) -> int:
    """How often this was done."""
    return sum(line.word == word for line in lines_of(log))


def folders_of_jobs(site: Site) -> list[str]:
    return [str(Path(folder)) for folder, _, _ in os.walk(site.directory / "artifacts" / "jobs")]


def test_a_job_goes_on_from_its_checkpoint_on_another_machine(
    machine: Machine, tmp_path: Path
) -> None:
    """The first one is killed whole, and its disk is never seen again."""
    first, second = machine("first"), machine("second")
    log = tmp_path / "log"
    steps = Steps(steps=12, log=str(log), gate=str(tmp_path / "gate"), gate_at=7, seed=3)
    lost = first.worker(entry=("tests.worker.quick_leases",), **settings_of(first))
    job = first.submit("chain", **steps.model_dump())
    first.until(job, lambda _: done(log, "saved") == 7)
    lost.kill()
    (tmp_path / "gate").touch()
    (tmp_path / "first").rename(tmp_path / "gone")
    second.worker(entry=("tests.worker.quick_leases",), **settings_of(second))
    ended = second.finished(job, within=30)
    assert (ended.status, ended.result) == (Status.COMPLETED, {"value": chained(steps)})
    assert done(log, "step") == 12, "nothing that was saved is done again"
