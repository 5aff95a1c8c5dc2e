"""A context for one operation in this process: what it says is counted, what it saves is on disk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import orjson

from headway.artifacts import hash_file
from headway.context import Artifact, Checkpoint, Redo
from headway.durable import sync_file, write_durably
from headway.job import Json
from headway.own_model import OwnModel

T = TypeVar("T")


class BenchContext:
    """See `headway.context.Context`: checkpoints and published files are synced as a child's are."""

    job_id = "bench"
    owner = "bench"
    attempt = 1
    resumed: Checkpoint | None = None
    cancelled = False
    shard: int | None = None
    traceparent: str | None = None

    def __init__(self, folder: Path, file: Path) -> None:
        self._folder = folder
        self._file = Artifact(id="f", kind="file", name=file.name, path=file, sha256="")
        self.checkpoints = 0

    @property
    def scratch(self) -> Path:
        """A directory for the result."""
        return self._folder

    @property
    def shared(self) -> Path:
        """A directory for parts."""
        return self._folder

    @property
    def settings(self) -> Mapping[str, Json]:
        """It is told none."""
        return {}

    @property
    def models(self) -> Mapping[str, OwnModel]:
        """None are registered."""
        return {}

    @property
    def redo(self) -> Iterator[Redo]:
        """Nothing."""
        return iter(())

    def replace_items(self, first: int, rows: Sequence[Mapping[str, Json]]) -> None:
        """Nobody asked for it."""

    def artifact(self, name: str) -> Artifact | None:
        """The file."""
        return self._file if name == "file" else None

    def progress(self, percent: float, message: str | None = None) -> None:
        """Nobody looks."""

    def track(
        self, items: Iterable[T], *, total: int | None = None, message: str | None = None
    ) -> Iterator[T]:
        """The items."""
        yield from items

    def metric(self, values: Mapping[str, float], *, step: int) -> None:
        """Nobody looks."""

    def log(self, message: str, *, level: str = "info") -> None:
        """Nobody looks."""

    def expect_items(self, total: int) -> None:
        """Nobody counts."""

    def items(self, rows: Sequence[Mapping[str, Json]]) -> None:
        """Nobody reads them."""

    def hand_over(self, file: Path) -> str:
        """Nobody merges."""
        return str(file)

    def handed(self, name: str) -> Path:
        """What it was called."""
        return Path(name)

    def drop_handed(self, name: str) -> None:
        """Nobody kept it."""

    def point_alias(
        self, field: str, alias: str, *, replaces: str | None = None, new: bool = False
    ) -> None:
        """Nothing is named here."""

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """Make it durable."""
        self.checkpoints += 1
        write_durably(self._folder / "checkpoint", orjson.dumps(dict(state)) + (blob or b""))

    def publish(
        self,
        kind: Literal["dataset", "model"],
        name: str,
        file: Path,
        *,
        meta: Mapping[str, Json],
        alias: str | None = None,
    ) -> str:
        """Sync and hash it."""
        sync_file(file)
        return hash_file(file)
