"""A worker keeps its data directory small, beside its work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.artifacts import ArtifactFiles
from headway.errors import Gone
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.worker.upkeep import Upkeep
from tests.contract.acts import add, claim, complete
from tests.worker.site import Site, eventually

QUICK = ("tests.worker.quick_upkeep",)


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    store = open_sqlite(data_dir)
    yield store
    store.close()


@pytest.fixture
def files(data_dir: Path) -> ArtifactFiles:
    return ArtifactFiles(data_dir / "artifacts")


def test_pruned_jobs_leave_no_files_and_artefacts_stay(store: Store, files: ArtifactFiles) -> None:
    job = add(store)
    held = claim(store)
    written = files.attempt_dir(job.id, held.token) / "part-0.jsonl"
    written.write_text("{}\n")
    draft = files.attempt_dir(job.id, held.token) / "model.npz"
    draft.write_bytes(b"weights")
    published = files.path(files.keep(draft, "model", "ab" * 32))
    unfinished = files.attempt_dir(add(store).id, 1)
    complete(store, held)
    assert Upkeep(store, files, keep=0.0).prune() == 1
    assert not (files.root / "jobs" / job.id).exists()
    assert published.read_bytes() == b"weights"
    assert unfinished.is_dir()


def test_a_worker_prunes_while_it_works(site: Site) -> None:
    """What ended long ago goes without anybody's asking, and its owner is told so."""
    worker = site.worker(entry=QUICK)
    job = site.submit("noop")
    eventually(lambda: site.store.jobs.get(job.id) is None)
    with pytest.raises(Gone, match="This job ended as completed on 20"):
        site.service.queue.get(job.id, "ada")
    eventually(lambda: "removed 1 jobs" in worker.log)
    worker.terminate()
    assert worker.exit_code() == 0, worker.log
