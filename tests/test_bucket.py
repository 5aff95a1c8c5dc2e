"""Artefacts in a bucket: what one machine has written, every other one reads."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from headway import bucket as bucket_module
from headway.artifacts import ArtifactFiles
from headway.bucket import PART, Bucket
from headway.durable import write_durably
from headway.errors import ArtifactsUnavailable, CorruptArtifact, SettingsError
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.verdict import Completed
from headway.wiring import files_of
from headway.worker.checkpoints import CheckpointFiles
from headway.worker.copies import Copies
from headway.worker.depot_orphans import DepotOrphans
from tests.contract.acts import add, claim, conclude, publication
from tests.s3 import S3, own_s3
from tests.slow_link import slow_link
from tests.waiting import eventually


@pytest.fixture
def bucket(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return Bucket(s3.new_bucket(), patience=5.0)


@pytest.fixture
def here(tmp_path: Path, bucket: Bucket) -> ArtifactFiles:
    return ArtifactFiles(tmp_path / "here", bucket)


@pytest.fixture
def there(tmp_path: Path, bucket: Bucket) -> ArtifactFiles:
    return ArtifactFiles(tmp_path / "there", bucket)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(files: ArtifactFiles, data: bytes) -> str:
    """The path of a model with this content."""
    made = files.attempt_dir("job", 1) / "model.npz"
    write_durably(made, data)
    return files.keep(made, "model", sha256(data))


def names(bucket: Bucket, prefix: str = "") -> list[str]:
    return [one.name for one in bucket.below(prefix)]


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART + 77], ids=str)
def test_a_file_that_is_kept_here_is_read_there(
    here: ArtifactFiles, there: ArtifactFiles, size: int
) -> None:
    """Small ones in one piece, large ones in several."""
    data = os.urandom(size)
    path = kept(here, data)
    assert there.local(path, sha256(data)).read_bytes() == data
    assert here.local(path).read_bytes() == data
    assert [one.name for one in there.path(path).parent.iterdir()] == [Path(path).name]


def test_what_was_fetched_once_is_not_fetched_again(
    here: ArtifactFiles, there: ArtifactFiles, bucket: Bucket
) -> None:
    path = kept(here, b"weights")
    there.local(path)
    bucket.delete([path])
    assert there.local(path).read_bytes() == b"weights"


def test_what_is_not_in_the_bucket_is_said_so(there: ArtifactFiles) -> None:
    with pytest.raises(CorruptArtifact, match="got: nothing of that name"):
        there.local("models/ab/abcd.npz")


def test_what_was_changed_in_the_bucket_is_refused(
    here: ArtifactFiles, there: ArtifactFiles, bucket: Bucket, tmp_path: Path
) -> None:
    path = kept(here, b"weights")
    (tmp_path / "other").write_bytes(b"wEights")
    bucket.put(path, tmp_path / "other")
    with pytest.raises(CorruptArtifact, match="to have the hash"):
        there.local(path, sha256(b"weights"))
    assert not there.path(path).exists()


class TestSlowLinks:
    """How long the whole of a file takes does not matter, nor that the link is cut meanwhile."""

    PART: Final = 1 << 18

    @pytest.fixture
    def made(self, here: ArtifactFiles) -> tuple[str, bytes]:
        """A path in the bucket, and the sixteen parts of what is there."""
        data = os.urandom(16 * self.PART + 77)
        return kept(here, data), data

    @pytest.fixture
    def over(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Bucket]:
        """The same bucket over another port, where a request may take eight seconds, and is made
        again only if it has failed after less than four."""
        monkeypatch.setattr(bucket_module, "PART", self.PART)
        monkeypatch.setattr(bucket_module, "REQUEST", timedelta(seconds=8))

        def over(port: int) -> Bucket:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            return Bucket(bucket.url, patience=4.0)

        return over

    def test_a_file_may_take_longer_than_a_request_may(
        self, s3: S3, made: tuple[str, bytes], over: Callable[[int], Bucket], tmp_path: Path
    ) -> None:
        path, data = made
        with slow_link(s3.port, bytes_per_second=1 << 18) as link:
            over(link.port).get(path, tmp_path / "got", sha256(data))
        assert (tmp_path / "got").read_bytes() == data

    def test_a_part_that_is_cut_off_goes_on(
        self, s3: S3, made: tuple[str, bytes], over: Callable[[int], Bucket], tmp_path: Path
    ) -> None:
        path, data = made
        with slow_link(s3.port, bytes_per_second=16 << 20, cut_after=self.PART // 2) as link:
            over(link.port).get(path, tmp_path / "got", sha256(data))
            assert link.cut_after == []
        assert (tmp_path / "got").read_bytes() == data

    def test_what_changes_meanwhile_is_not_put_together(
        self, s3: S3, made: tuple[str, bytes], over: Callable[[int], Bucket], tmp_path: Path
    ) -> None:
        """Nobody of ours does that; and it is found without a hash to compare."""
        path, _ = made
        (tmp_path / "other").write_bytes(b"another")
        direct = over(s3.port)
        with slow_link(s3.port, bytes_per_second=1 << 19) as link, ThreadPoolExecutor() as threads:
            fetching = threads.submit(over(link.port).get, path, tmp_path / "got")
            eventually(lambda: any(one.stat().st_size for one in tmp_path.glob("*.part")))
            direct.put(path, tmp_path / "other")
            with pytest.raises(ArtifactsUnavailable, match="PreconditionError; try again later"):
                fetching.result()
        assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["other"]


def test_equal_content_has_a_name_of_its_own_each_time(here: ArtifactFiles) -> None:
    """What belongs to nothing can then be removed while the same is stored again."""
    first, second = kept(here, b"weights"), kept(here, b"weights")
    assert first != second
    assert here.local(first).read_bytes() == here.local(second).read_bytes()


def test_a_job_leaves_nothing_in_the_bucket(here: ArtifactFiles, bucket: Bucket) -> None:
    for job in ("one", "other"):
        part = here.attempt_dir(job, 1) / "part-0.jsonl"
        write_durably(part, b"{}\n")
        here.secure(part)
    here.drop_job("one")
    assert names(bucket) == ["jobs/other/1/part-0.jsonl"]


def test_a_link_can_be_read_without_credentials(here: ArtifactFiles, bucket: Bucket) -> None:
    path = kept(here, b"weights")
    with urlopen(bucket.link(path, 60)) as answer:
        assert answer.read() == b"weights"
    with pytest.raises(HTTPError):
        urlopen(bucket.link(path + "x", 60))


def test_a_bucket_that_is_away_is_told_apart_from_a_missing_file(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the address of the bucket is not part of the sentence."""
    for name, value in S3(free_port).environment.items():
        monkeypatch.setenv(name, value)
    files = ArtifactFiles(tmp_path, Bucket("s3://nowhere/x", patience=0.2))
    with pytest.raises(ArtifactsUnavailable, match="try again later") as told:
        files.local("models/ab/abcd.npz")
    assert str(free_port) not in str(told.value)


def test_a_bucket_that_does_not_exist_is_told_as_such(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked of it; no file of a user's is blamed for it."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    nowhere = Bucket("s3://no-such-bucket/x", patience=5)
    write_durably(tmp_path / "small", b"{}")
    write_durably(tmp_path / "large", bytes(PART + 1))
    asked: list[Callable[[], object]] = [
        lambda: nowhere.get("models/ab/abcd.npz", tmp_path / "got"),
        lambda: nowhere.put("small", tmp_path / "small"),
        lambda: nowhere.put("large", tmp_path / "large"),
        lambda: nowhere.has("small"),
        lambda: list(nowhere.below("")),
        lambda: nowhere.delete(["small"]),
    ]
    for one in asked:
        with pytest.raises(ArtifactsUnavailable, match="HEADWAY_ARTIFACTS_URL") as told:
            one()
        assert "no-such-bucket" not in str(told.value)


def test_what_could_not_be_stored_can_be_stored_later(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = S3(free_port)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    part = tmp_path / "part-0.jsonl"
    write_durably(part, b"{}\n")
    with own_s3(free_port) as running:
        url = running.new_bucket()
        bucket = Bucket(url, patience=0.2)
    files = ArtifactFiles(tmp_path, bucket)
    with pytest.raises(ArtifactsUnavailable):
        files.secure(part)
    with own_s3(free_port) as running:
        again = running.new_bucket()
        assert ArtifactFiles(tmp_path, Bucket(again, patience=5)).secure(part) == "part-0.jsonl"


@pytest.mark.parametrize(
    "url", ["", "bucket", "http://bucket/x", "s3://", "s3://b?x=1", "file:///x"]
)
def test_an_address_that_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="HEADWAY_ARTIFACTS_URL"):
        Settings.from_env({"HEADWAY_ARTIFACTS_URL": url})


def test_a_bucket_is_set_by_its_address_alone(
    s3: S3, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    url = s3.new_bucket()
    files = files_of(Settings.from_env({"HEADWAY_ARTIFACTS_URL": url}, data_dir=data_dir))
    assert files.depot is not None
    assert files.depot.url == url
    assert files.depot.has(kept(files, b"weights"))


def test_without_one_nothing_is_asked_of_a_bucket(data_dir: Path) -> None:
    assert files_of(Settings(data_dir=data_dir)).depot is None


class TestCopies:
    """Files on a machine make room, if the bucket has them."""

    def test_the_least_used_go_first(self, here: ArtifactFiles, bucket: Bucket) -> None:
        paths = [kept(here, bytes([one]) * 1000) for one in range(4)]
        for age, path in enumerate(reversed(paths)):
            os.utime(here.path(path), (time.time(), time.time() - 100 * age))
        here.local(paths[0])  # used again
        assert Copies(here.root, bucket, 2000, fresh=50).trim() == 2000
        assert [here.path(one).exists() for one in paths] == [True, False, False, True]
        assert here.local(paths[1]).read_bytes() == b"\x01" * 1000

    def test_what_was_used_lately_stays_however_large(
        self, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        path = kept(here, b"x" * 1000)
        assert Copies(here.root, bucket, 0).trim() == 0
        assert here.path(path).exists()

    def test_the_only_copy_stays(self, here: ArtifactFiles, bucket: Bucket, tmp_path: Path) -> None:
        """From before there was a bucket."""
        old = ArtifactFiles(here.root)
        path = kept(old, b"x" * 1000)
        os.utime(old.path(path), (0, 0))
        assert Copies(here.root, bucket, 0).trim() == 0
        assert here.local(path).read_bytes() == b"x" * 1000

    def test_what_an_attempt_still_makes_stays(self, here: ArtifactFiles, bucket: Bucket) -> None:
        scratch = here.attempt_dir("job", 1) / "scratch"
        scratch.mkdir()
        (scratch / "half.parquet").write_bytes(b"x" * 1000)
        os.utime(scratch / "half.parquet", (0, 0))
        assert Copies(here.root, bucket, 0).trim() == 0
        assert (scratch / "half.parquet").exists()


class TestOrphans:
    """Objects that belong to nothing are removed; whatever anybody may still ask for is not."""

    @pytest.fixture
    def store(self, data_dir: Path) -> Iterator[Store]:
        store = open_sqlite(data_dir)
        yield store
        store.close()

    def test_an_object_of_no_job_and_of_no_artefact_is_removed(
        self, store: Store, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        job = add(store)
        for owner in (job.id, "gone"):
            part = here.attempt_dir(owner, 1) / "part-0.jsonl"
            write_durably(part, b"{}\n")
            here.secure(part)
        known, unknown = kept(here, b"known"), kept(here, b"unknown")
        one = claim(store)
        conclude(store, one, Completed(None, (publication("known", path=known),)))
        assert DepotOrphans(bucket, store.upkeep, grace=-3600).remove() == 2
        assert set(names(bucket)) == {known, f"jobs/{job.id}/1/part-0.jsonl"}
        assert unknown not in names(bucket)

    def test_what_is_young_may_still_be_told_to_the_store(
        self, store: Store, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        path = kept(here, b"unknown")
        assert DepotOrphans(bucket, store.upkeep).remove() == 0
        assert names(bucket) == [path]

    def test_what_a_running_attempt_may_publish_stays(
        self, store: Store, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        add(store)
        claim(store)
        path = kept(here, b"not told yet")
        assert DepotOrphans(bucket, store.upkeep, grace=-3600).remove() == 0
        assert names(bucket) == [path]

    def test_a_pass_takes_up_where_the_last_one_stopped(
        self, store: Store, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        for one in range(5):
            kept(here, bytes([one]))
        orphans = DepotOrphans(bucket, store.upkeep, grace=-3600, at_once=2)
        assert [orphans.remove() for _ in range(4)] == [2, 2, 1, 0]
        assert names(bucket) == []

    def test_checkpoints_that_nobody_needs_are_removed(
        self, here: ArtifactFiles, bucket: Bucket
    ) -> None:
        """By the attempt itself: they are of a job that is there."""
        saved = CheckpointFiles(here, lambda: here.attempt_dir("job", 1), [])
        for number in range(1, 5):
            saved.write(number, b"weights")
            saved.remove_outdated()
        assert names(bucket) == ["jobs/job/1/checkpoint-3", "jobs/job/1/checkpoint-4"]
