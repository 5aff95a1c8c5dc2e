"""Of a job's checkpoints the files of the newest two are kept, whoever has written them."""

from pathlib import Path
from typing import Any

import pytest

from headway.artifacts import ArtifactFiles
from headway.worker.checkpoints import CheckpointFiles


class Attempt:
    """The checkpoints of one attempt."""

    def __init__(self, root: Path, token: int, told: list[dict[str, Any]] | None = None) -> None:
        files = ArtifactFiles(root)
        self.files = CheckpointFiles(files, lambda: files.attempt_dir("job", token), told or [])

    def save(self, number: int, blob: bytes | None = b"weights") -> dict[str, Any]:
        """Save a checkpoint that becomes durable; what the next attempt is told of it."""
        told = {"number": number, "path": None, **self.files.write(number, blob)}
        self.files.remove_outdated()
        return told


def there(root: Path) -> list[str]:
    return sorted(
        one.relative_to(root / "jobs/job").as_posix() for one in root.rglob("checkpoint-*")
    )


def test_the_newest_two_stay(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, 1)
    for number in range(1, 6):
        attempt.save(number)
    assert there(tmp_path) == ["1/checkpoint-4", "1/checkpoint-5"]


def test_those_of_the_attempt_before_go_too(tmp_path: Path) -> None:
    """Once two of its own are durable, and not before."""
    first = Attempt(tmp_path, 1)
    told = [first.save(number) for number in (1, 2)]
    second = Attempt(tmp_path, 2, told)
    second.save(3)
    assert there(tmp_path) == ["1/checkpoint-2", "2/checkpoint-3"]
    second.save(4)
    assert there(tmp_path) == ["2/checkpoint-3", "2/checkpoint-4"]


def test_one_that_could_not_be_read_makes_room_for_the_next(tmp_path: Path) -> None:
    """Which has its number."""
    first = Attempt(tmp_path, 1)
    told = [first.save(number) for number in (1, 2)]
    Attempt(tmp_path, 2, told).save(2)
    assert there(tmp_path) == ["1/checkpoint-1", "2/checkpoint-2"]


def test_a_checkpoint_without_bytes_counts_as_one(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, 1)
    for number, blob in enumerate([b"weights", None, None], start=1):
        attempt.save(number, blob)
    assert there(tmp_path) == []


def test_nothing_goes_before_the_newest_is_durable(tmp_path: Path) -> None:
    """If we die here, the next attempt is told the two before."""
    attempt = Attempt(tmp_path, 1)
    attempt.save(1)
    attempt.save(2)
    attempt.files.write(3, b"weights")
    assert there(tmp_path) == ["1/checkpoint-1", "1/checkpoint-2", "1/checkpoint-3"]


def test_what_cannot_be_removed_waits_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt does not fail for it."""
    attempt = Attempt(tmp_path, 1)
    attempt.save(1)
    attempt.save(2)
    with monkeypatch.context() as busy:
        busy.setattr(Path, "unlink", _refuse)
        attempt.save(3)
    assert len(there(tmp_path)) == 3
    attempt.save(4)
    assert there(tmp_path) == ["1/checkpoint-3", "1/checkpoint-4"]


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError("read-only file system")
