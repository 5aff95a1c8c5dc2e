"""The item results of an attempt: gathered, and written as part files."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from headway.artifacts import ArtifactFiles
from headway.durable import write_durably
from headway.job import Json

Rows = Sequence[Mapping[str, Json]]

ROW_OPTIONS: Final = (
    orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
)


class Gathered(NamedTuple):
    """What a checkpoint publishes: items tried again, and new ones."""

    replaced: Sequence[tuple[int, Rows]]
    rows: Rows


class Items:
    """Rows that wait for the next checkpoint, which publishes them."""

    def __init__(self, files: ArtifactFiles, directory: Callable[[], Path]) -> None:
        self._files = files
        self._directory = directory
        self._rows: list[Mapping[str, Json]] = []
        self._replaced: list[tuple[int, Rows]] = []
        self.done = 0
        """How many new ones are written: the index of the next."""

    def add(self, rows: Rows) -> None:
        """Number these after those that came before."""
        self._rows.extend(rows)

    def replace(self, first: int, rows: Rows) -> None:
        """Put these in the place of the part that begins with item `first`."""
        self._replaced.append((first, rows))

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._rows or self._replaced)

    def take(self) -> Gathered:
        """What was gathered since the last time. What is added from now on is of the next."""
        gathered = Gathered(self._replaced, self._rows)
        self._replaced, self._rows = [], []
        return gathered

    def write(self, gathered: Gathered) -> list[dict[str, Json]]:
        """Write what was taken; in another thread than that which adds, if need be."""
        parts = [self._write_part(first, rows, "redone") for first, rows in gathered.replaced]
        if gathered.rows:
            parts.append(self._write_part(self.done, gathered.rows, "part"))
            self.done += len(gathered.rows)
        return parts

    def _write_part(self, first: int, rows: Rows, name: str) -> dict[str, Json]:
        data = b"".join(orjson.dumps(row, option=ROW_OPTIONS) for row in rows)
        path = self._directory() / f"{name}-{first:012d}.jsonl"
        write_durably(path, data)
        return {
            "first": first,
            "count": len(rows),
            "failed": sum(row.get("error") is not None for row in rows),
            "path": self._files.secure(path),
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "redone": name == "redone",
        }
