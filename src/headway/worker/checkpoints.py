"""The files of a job's checkpoints: there before they are told of, and removed when others are newer."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from headway.artifacts import ArtifactFiles
from headway.durable import write_durably
from headway.errors import HeadwayError
from headway.job import Json
from headway.store.values.attempts import KEPT_CHECKPOINTS


class _File(NamedTuple):
    number: int
    path: str


class CheckpointFiles:
    """Keeps the files of the newest `KEPT_CHECKPOINTS`, as the store does their rows.

    `told` are those that the attempt may go on from, whichever attempt has written them.
    """

    def __init__(
        self,
        files: ArtifactFiles,
        directory: Callable[[], Path],
        told: Sequence[Mapping[str, Any]],
    ) -> None:
        self._files = files
        self._directory = directory
        self._kept = [_File(one["number"], one["path"]) for one in told if one["path"]]
        self._outdated: list[_File] = []

    @property
    def outdated(self) -> bool:
        """Whether there is something to remove once the last checkpoint is durable."""
        return bool(self._outdated)

    def write(self, number: int, blob: bytes | None) -> dict[str, Json]:
        """Write the bytes of the next checkpoint, if it has any: what the store must know of them."""
        # One with this number or a higher one could not be read: what is written now takes its place.
        self._outdated += [
            one for one in self._kept if not number - KEPT_CHECKPOINTS < one.number < number
        ]
        self._kept = [one for one in self._kept if one not in self._outdated]
        if blob is None:
            return {}
        path = self._directory() / f"checkpoint-{number}"
        write_durably(path, blob)
        self._kept.append(_File(number, self._files.secure(path)))
        return {"path": self._kept[-1].path, "sha256": hashlib.sha256(blob).hexdigest()}

    def remove_outdated(self) -> None:
        """Remove the files that no later attempt will be told of; the last checkpoint is durable.

        What cannot be removed now is tried again after the next one, and goes with the job.
        """
        with suppress(OSError, HeadwayError):
            self._files.drop([one.path for one in self._outdated])
            self._outdated.clear()
