"""Files that belong to nothing are removed; whatever anybody may still ask for is not."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headway.artifacts import ArtifactFiles
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.verdict import Completed, decide
from headway.worker.orphans import TICK_SECONDS, Orphans
from tests.contract.acts import AT_ONCE, add, claim, complete, publication, report
from tests.sqlite import migrate

SHA = "ab" + "0" * 62


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    migrate(data_dir)
    store = open_sqlite(data_dir)
    yield store
    store.close()


@pytest.fixture
def files(data_dir: Path) -> ArtifactFiles:
    return ArtifactFiles(data_dir / "artifacts")


def put(files: ArtifactFiles, relative: str) -> Path:
    path = files.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("bytes")
    return path


def sweep(store: Store, files: ArtifactFiles, grace: float = -1.0) -> int:
    """One pass for which everything is old enough."""
    return Orphans(files, store.upkeep, grace=grace).remove()


def test_what_belongs_to_nothing_is_removed(store: Store, files: ArtifactFiles) -> None:
    """Half-written files, half-received uploads, attempts without a job, contents without a row."""
    job = add(store)
    orphans = [
        put(files, "incoming/1234.csv"),
        put(files, "cache/sample.77.part"),
        put(files, f"models/ab/{SHA}.npz.part"),
        put(files, f"jobs/{job.id}/1/part-0.jsonl.part"),
        put(files, "jobs/no-such-job/1/part-0.jsonl"),
        put(files, f"files/ab/{SHA}.csv"),
        put(files, f"datasets/ab/{SHA}.csv"),
        put(files, f"models/ab/{SHA}.npz"),
    ]
    assert sweep(store, files) == len(orphans)
    assert [path for path in orphans if path.exists()] == []
    assert not (files.root / "jobs/no-such-job").exists()
    assert sweep(store, files) == 0


def test_what_was_left_for_another_attempt_goes_when_the_job_is_over(
    store: Store, files: ArtifactFiles
) -> None:
    """Of whatever age: of a cancelled job, and of one that is no more; not of one that may go on."""
    over, waiting, running = add(store), add(store), add(store)
    store.jobs.cancel(over.id)
    claim(store)
    rows = {
        job: put(files, f"cache/parts/{job}/1f/part-0.parquet")
        for job in (over.id, waiting.id, running.id, "no-such-job")
    }
    assert sweep(store, files, grace=3_600.0) == 2
    assert {job for job, path in rows.items() if path.exists()} == {waiting.id, running.id}
    assert {path.name for path in (files.root / "cache/parts").iterdir()} == {
        waiting.id,
        running.id,
    }


def test_with_a_job_goes_what_its_attempts_left(files: ArtifactFiles) -> None:
    rows = put(files, "cache/parts/gone/1f/part-0.parquet")
    files.drop_job("gone")
    assert not rows.exists()


def test_what_somebody_may_ask_for_stays(store: Store, files: ArtifactFiles) -> None:
    job = add(store)
    held = claim(store)
    published = put(files, f"models/ab/{SHA}.npz")
    uploaded = put(files, f"files/ab/{SHA}.csv")
    store.artifacts.add("ann", publication("f", "file", path=f"files/ab/{SHA}.csv"))
    made = [publication("m", path=f"models/ab/{SHA}.npz")]
    report(store, held, verdict=decide(Completed(None, made), held.job, AT_ONCE))
    kept = [
        published,
        uploaded,
        put(files, f"jobs/{job.id}/1/part-000000000000.jsonl"),
        put(files, f"jobs/{job.id}/1/checkpoint-1"),
        put(files, "cache/sample.npz"),
        put(files, "of-somebody-else/file"),
    ]
    assert sweep(store, files) == 0
    assert all(path.exists() for path in kept)


def test_what_is_being_written_is_protected_by_its_age(store: Store, files: ArtifactFiles) -> None:
    """Also when a program set its time back: the move into place counts."""
    young = [
        put(files, "incoming/1234.csv"),
        put(files, "jobs/no-such-job/1/part-0.jsonl"),
        put(files, f"files/ab/{SHA}.csv"),
    ]
    for path in young:
        os.utime(path, (0, 0))
    assert sweep(store, files, grace=60.0) == 0
    assert all(path.exists() for path in young)


def test_what_a_running_attempt_published_stays_until_its_verdict(
    store: Store, files: ArtifactFiles
) -> None:
    """However long it runs: there is no row before."""
    before = put(files, f"models/cd/{SHA}.npz")
    time.sleep(2 * TICK_SECONDS)
    add(store)
    held = claim(store)
    published = put(files, f"models/ab/{SHA}.npz")
    assert sweep(store, files) == 1
    assert not before.exists()
    assert published.exists()
    complete(store, held)
    assert sweep(store, files) == 1
    assert not published.exists()


def test_the_same_content_put_in_place_at_that_moment_stays(
    store: Store, files: ArtifactFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody uploads the very file that was about to be removed."""
    old = put(files, f"files/ab/{SHA}.csv")
    known_files = store.upkeep.known_files

    def uploaded_meanwhile(paths: list[str]) -> set[str]:
        known = known_files(paths)
        files.keep(put(files, "incoming/new.csv"), "file", SHA)
        store.artifacts.add("ann", publication("f", "file", path=f"files/ab/{SHA}.csv"))
        return known

    monkeypatch.setattr(store.upkeep, "known_files", uploaded_meanwhile)
    assert sweep(store, files) == 0
    assert old.exists()
    assert list(old.parent.iterdir()) == [old]


def test_each_pass_is_bounded_and_the_next_goes_on(store: Store, files: ArtifactFiles) -> None:
    for number in range(25):
        put(files, f"jobs/job-{number}/1/part-0.jsonl")
        put(files, f"jobs/{add(store).id}/1/part-0.jsonl")
    orphans = Orphans(files, store.upkeep, grace=-1.0, at_once=10)
    removed = [orphans.remove() for _ in range(12)]
    assert max(removed) <= 10
    assert sum(removed) == 25
    assert len(list((files.root / "jobs").iterdir())) == 25


def test_two_workers_sweep_at_once(store: Store, files: ArtifactFiles) -> None:
    """Each orphan is removed once, and nobody stumbles over what the other has removed."""
    for number in range(200):
        put(files, f"jobs/job-{number}/1/part-0.jsonl")
        put(files, f"files/{number % 7:02}/{number}.csv")
        put(files, f"incoming/{number}.csv")
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: sweep(store, files), range(2)))  # raises what one of them raised
    sweep(store, files)
    assert [path for path in files.root.rglob("*") if path.is_file()] == []


def test_where_nothing_was_ever_written_nothing_happens(store: Store, files: ArtifactFiles) -> None:
    look: Callable[[], int] = Orphans(files, store.upkeep, grace=-1.0).remove
    assert [look(), look()] == [0, 0]
    assert not files.root.exists()
