"""Files that are there whole, or not at all."""

from pathlib import Path

import pytest

from headway.durable import write_durably


def test_a_write_replaces_the_old_file_only_when_it_is_whole(tmp_path: Path) -> None:
    """A directory in its place cannot be replaced: the old content stays as it was."""
    path = tmp_path / "x"
    write_durably(path, b"old")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    blocked = tmp_path / "blocked"
    (blocked / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_durably(blocked, b"data")
    assert (blocked / "inside").is_dir()
