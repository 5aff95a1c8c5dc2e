"""Files that shards hand over to the merge of their job."""

from pathlib import Path

import pytest

from headway.artifacts import ArtifactFiles
from headway.bucket import Bucket
from headway.errors import CorruptArtifact
from headway.worker.handing import drop_handed, hand_over, handed
from tests.s3 import S3


def handed_over(files: ArtifactFiles, content: bytes = b"rows") -> str:
    """The name of a file that the second shard of the job `j` has handed over."""
    folder = files.attempt_dir("j-1", 1)
    made = folder / "made.arrow"
    made.write_bytes(content)
    name = hand_over(files, made, folder)
    assert not made.exists()
    return name


def test_a_merge_gets_what_a_shard_has_handed_over(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    name = handed_over(files)
    path = handed(files, "j", name)
    assert (path.read_bytes(), path.suffix) == (b"rows", ".arrow")


def test_a_merge_on_another_machine_gets_it_too(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it has dropped it, which no machine can take back."""
    for variable, value in s3.environment.items():
        monkeypatch.setenv(variable, value)
    bucket = Bucket(s3.new_bucket(), patience=5.0)
    here, there = (
        ArtifactFiles(tmp_path / "here", bucket),
        ArtifactFiles(tmp_path / "there", bucket),
    )
    name = handed_over(here)
    assert handed(there, "j", name).read_bytes() == b"rows"
    drop_handed(there, "j", name)
    drop_handed(there, "j", name)
    with pytest.raises(CorruptArtifact):
        handed(there, "j", name)


def test_what_is_gone_or_was_changed_is_not_merged(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    gone, changed = handed_over(files), handed_over(files)
    drop_handed(files, "j", gone)
    handed(files, "j", changed).write_bytes(b"sows")
    for name in (gone, changed):
        with pytest.raises(CorruptArtifact):
            handed(files, "j", name)


@pytest.mark.parametrize(
    "name", ["", "jobs/j-1/1/handed-{0}", "jobs/k-1/1/handed-{0}@{1}", "jobs/j-1/../k-1/1/x@{1}"]
)
def test_files_of_others_are_not_handed_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorruptArtifact, match="a file of a shard of j"):
        handed(ArtifactFiles(tmp_path), "j", name.format("0" * 32, "0" * 64))
