"""A worker keeps its data directory small, beside its work."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headway.artifacts import ArtifactFiles
from headway.errors import CorruptArtifact, Gone
from headway.job import Status
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.store.values.attempts import Part
from headway.worker import upkeep
from headway.worker.upkeep import WARN_ABOVE, Upkeep
from tests.contract.acts import (
    add,
    add_all,
    checkpoint,
    claim,
    complete,
    fail,
    pinned,
    report,
    submission,
)
from tests.sqlite import migrate
from tests.waiting import eventually
from tests.worker.site import Site

QUICK = ("tests.worker.quick_upkeep",)


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    migrate(data_dir)
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


def test_one_go_is_bounded_and_the_next_goes_on(
    store: Store, files: ArtifactFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among many jobs that stay, the one whose time is over is found in the third go."""
    monkeypatch.setattr(upkeep, "STEPS_AT_ONCE", 1)
    add_all(store, [submission() for _ in range(1000)])
    store.jobs.cancel(add(store).id)
    keeper = Upkeep(store, files, keep=1e9, keep_by_status={Status.CANCELLED: 0.0})
    assert [keeper.prune() for _ in range(3)] == [0, 0, 1]


def test_a_log_that_cannot_be_emptied_is_told_of_once(
    store: Store, files: ArtifactFiles, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With what most likely keeps it; and again when it has happened anew."""
    keeper = Upkeep(store, files, keep=1e9)
    for episode in (1, 2):
        with pinned(data_dir):
            for _ in range(4):
                add(store, input=b'"' + b"x" * (WARN_ABOVE // 4) + b'"')
            assert keeper.shrink_log() > WARN_ABOVE
            assert keeper.shrink_log() > WARN_ABOVE
        assert caplog.text.count("a reader holds a transaction open") == episode
        assert keeper.shrink_log() == 0
    assert "has grown to 6" in caplog.text or "has grown to 7" in caplog.text


def test_a_job_that_cannot_be_retried_leaves_no_checkpoint(
    store: Store, files: ArtifactFiles
) -> None:
    """One that can be goes on from its own: it has failed, or some of its items have."""
    kept = {}
    for name, failed in (("done", 0), ("with failed items", 1), ("failed", 0), ("running", 0)):
        add(store)
        held = claim(store)
        file = files.attempt_dir(held.job.id, held.token) / "checkpoint-1"
        file.write_bytes(b"weights")
        path = files.secure(file)
        saved = replace(checkpoint(1), path=path, sha256="0" * 64)
        part = Part(first=0, count=2, failed=failed, path="parts/0", size=1)
        assert report(store, held, checkpoint=saved, parts=[part])
        if name == "failed":
            assert fail(store, held)
        elif name != "running":
            assert complete(store, held)
        kept[name] = file
    keeper = Upkeep(store, files, keep=1e9)
    assert keeper.forget_checkpoints() == 1
    assert [name for name, file in kept.items() if file.exists()] == [
        "with failed items",
        "failed",
        "running",
    ]
    assert keeper.forget_checkpoints() == 0


class Unreachable(ArtifactFiles):
    """Files of jobs that are in a bucket which says that nothing is there."""

    def drop_job(self, job_id: str) -> None:
        """Fail."""
        raise CorruptArtifact(f"expected {job_id} in the bucket, got: nothing of that name")


def test_a_duty_that_fails_is_told_of_and_the_others_go_on(
    store: Store,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever went wrong: nobody else would do them."""
    for name in ("ROUND_SECONDS", "PRUNE_SECONDS", "SETTLE_SECONDS"):
        monkeypatch.setattr(upkeep, name, 0.01)
    keeper = Upkeep(store, Unreachable(data_dir / "artifacts"), keep=0.0)
    keeper.start()
    for _ in range(2):
        job = store.jobs.cancel(add(store).id)
        eventually(lambda job=job: f"expected {job.id} in the bucket" in caplog.text)  # type: ignore[misc]
    keeper.stop()


def test_a_worker_prunes_while_it_works(site: Site) -> None:
    """What ended long ago goes without anybody's asking, and its owner is told so."""
    worker = site.worker(entry=QUICK)
    job = site.submit("noop")
    eventually(lambda: site.store.jobs.get(job.id) is None)
    with pytest.raises(Gone, match="This job ended as completed on 20"):
        site.service.queue.get(job.id, "ada")
    eventually(lambda: "removed 1 job," in worker.log)
    worker.terminate()
    assert worker.exit_code() == 0, worker.log
