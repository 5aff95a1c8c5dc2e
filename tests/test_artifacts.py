"""Files of attempts and of content: whole or not there, and never outside of their root."""

import hashlib
import os
from pathlib import Path

import pytest

from headway.artifacts import ArtifactFiles, hash_file, read_checked
from headway.durable import sync_file, write_durably
from headway.errors import CorruptArtifact


@pytest.fixture
def files(tmp_path: Path) -> ArtifactFiles:
    return ArtifactFiles(tmp_path / "artifacts")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "relative", ["../x", "a/../../x", "/etc/passwd", "models/../../../etc/passwd", "link/x"]
)
def test_a_path_that_leaves_the_root_is_refused(files: ArtifactFiles, relative: str) -> None:
    files.root.mkdir(parents=True)
    (files.root / "link").symlink_to("/etc")
    with pytest.raises(CorruptArtifact, match="expected a path below the artefacts' root"):
        files.path(relative)


def test_a_stored_path_is_below_the_root(files: ArtifactFiles) -> None:
    assert files.path("models/ab/x.npz") == files.root.resolve() / "models" / "ab" / "x.npz"


def test_each_attempt_has_a_directory_of_its_own(files: ArtifactFiles) -> None:
    first, second = files.attempt_dir("job", 1), files.attempt_dir("job", 2)
    assert first != second
    assert files.attempt_dir("job", 1) == first
    (first / "part").write_text("x")
    (second / "part").write_text("y")
    assert (second / "part").read_text() == "y"
    assert (first / "part").read_text() == "x"


def test_a_kept_file_moves_to_a_name_made_of_its_content(files: ArtifactFiles) -> None:
    made = files.attempt_dir("job", 1) / "model.npz"
    made.write_bytes(b"weights")
    relative = files.keep(made, "model", sha256(b"weights"))
    assert relative == f"models/{sha256(b'weights')[:2]}/{sha256(b'weights')}.npz"
    assert files.path(relative).read_bytes() == b"weights"
    assert not made.exists()


def test_the_same_content_is_kept_once(files: ArtifactFiles) -> None:
    paths = []
    for token in (1, 2):
        made = files.attempt_dir("job", token) / "model.npz"
        made.write_bytes(b"weights")
        paths.append(files.keep(made, "model", sha256(b"weights")))
    assert paths[0] == paths[1]
    assert files.path(paths[0]).read_bytes() == b"weights"


def test_a_file_is_read_only_if_it_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint-1"
    write_durably(path, b"state" * 1000)
    assert read_checked(path, sha256(b"state" * 1000)) == b"state" * 1000
    assert hash_file(path) == sha256(b"state" * 1000)
    sync_file(path)
    assert os.listdir(tmp_path) == ["checkpoint-1"]


@pytest.mark.parametrize("damage", ["flipped", "truncated", "longer", "empty", "other"])
def test_a_damaged_file_is_noticed(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint-1"
    data = b"state" * 1000
    write_durably(path, data)
    path.write_bytes(
        {
            "flipped": data[:99] + b"X" + data[100:],
            "truncated": data[:-1],
            "longer": data + b"\0",
            "empty": b"",
            "other": b"other" * 1000,
        }[damage]
    )
    with pytest.raises(
        CorruptArtifact, match=r"expected checkpoint-1 to have the hash .*, got another"
    ):
        read_checked(path, sha256(data))


def test_a_file_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CorruptArtifact, match="expected a file at gone, got: No such file"):
        read_checked(tmp_path / "gone", sha256(b""))
