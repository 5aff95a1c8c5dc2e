"""Artefacts in a bucket: what one machine has written, every other one reads."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from headway.artifacts import ArtifactFiles, write_durably
from headway.bucket import PART, Bucket
from headway.errors import ArtifactsUnavailable, CorruptArtifact, SettingsError
from headway.job import Completed
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.wiring import files_of
from headway.worker.copies import Copies
from headway.worker.depot_orphans import DepotOrphans
from tests.contract.acts import add, claim, conclude, publication
from tests.s3 import S3, own_s3


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
