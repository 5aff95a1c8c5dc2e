"""What an operation sees of Headway while it runs. See `operation.Context`."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

import orjson

from headway.artifacts import ArtifactFiles, read_checked
from headway.context import Artifact, Redo
from headway.errors import NotRetryable
from headway.job import MOST_ITEMS, Json
from headway.own_model import OwnModel
from headway.worker.attempt_folder import AttemptFolder
from headway.worker.checkpoints import CheckpointFiles
from headway.worker.depot import depot_at
from headway.worker.handing import drop_handed, hand_over, handed
from headway.worker.items import Gathered, Items
from headway.worker.line import Line
from headway.worker.pace import Pace
from headway.worker.protocol import CHECKPOINT, LOG, METRIC, PROGRESS, TOTAL
from headway.worker.publications import Publications
from headway.worker.resumption import SavedCheckpoint, newest_readable
from headway.worker.start import Start

T = TypeVar("T")

NO_MODELS: Mapping[str, OwnModel] = MappingProxyType({})


class BaseContext(ABC):
    """All that does not wait, shared by `def` and `async def` operations."""

    def __init__(
        self, start: Start, ref: str, line: Line, models: Mapping[str, OwnModel] = NO_MODELS
    ) -> None:
        self._models = models
        self._start = start
        self._ref = ref
        self._line = line
        self._files = ArtifactFiles(Path(start.root), depot_at(start.depot))
        self._folder = AttemptFolder(start, self._files)
        self._items = Items(self._files, self._folder.path)
        self._checkpoints = CheckpointFiles(self._files, self._folder.path, start.checkpoints)
        self._publications = Publications(start, self._files)
        self._pace = Pace()
        self._number = 0
        self._resumed: SavedCheckpoint | None = None

    def begin(self) -> None:
        """Get what the attempt goes on from and works with, and clear up after those before it.

        It waits for disks and, where there is a depot, for the network.
        """
        self._files.drop_earlier_scratch(self.job_id, self._start.token)
        self._resumed = newest_readable(self._start, self._files, self._line, self._ref)
        if self._resumed is not None:
            self._number, self._items.done = self._resumed.number, self._resumed.items
        self._folder.fetch()

    @property
    def job_id(self) -> str:
        """See `Context.job_id`."""
        return self._start.job_id

    @property
    def owner(self) -> str:
        """See `Context.owner`."""
        return self._start.owner

    @property
    def attempt(self) -> int:
        """See `Context.attempt`."""
        return self._start.attempt

    @property
    def shard(self) -> int | None:
        """See `Context.shard`."""
        return self._start.shard

    @property
    def traceparent(self) -> str | None:
        """See `Context.traceparent`."""
        return self._start.traceparent

    @property
    def scratch(self) -> Path:
        """See `Context.scratch`."""
        return self._folder.scratch()

    @property
    def shared(self) -> Path:
        """See `Context.shared`."""
        return self._files.shared_dir()

    @property
    def resumed(self) -> SavedCheckpoint | None:
        """See `Context.resumed`."""
        return self._resumed

    @property
    def settings(self) -> Mapping[str, Json]:
        """See `Context.settings`."""
        return self._start.settings

    @property
    def models(self) -> Mapping[str, OwnModel]:
        """See `Context.models`."""
        return self._models

    @property
    def redo(self) -> Iterator[Redo]:
        """See `Context.redo`."""
        for part in self._start.redo:
            data = read_checked(self._files.local(part["path"]), part["sha256"])
            lines = data.split(b"\n")[:-1]
            yield Redo(part["first"], [orjson.loads(line) for line in lines])

    @property
    @abstractmethod
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""

    def artifact(self, name: str) -> Artifact | None:
        """See `Context.artifact`."""
        return self._folder.artifact(name)

    def progress(self, percent: float, message: str | None = None) -> None:
        """See `Context.progress`."""
        self._check()
        percent = min(100.0, max(0.0, float(percent)))
        if self._start.results is not None:
            percent = 100.0  # that of the shards, which have done their work
        if self._pace.lets_through(percent):
            self._line.send(PROGRESS, self._ref, percent, message)

    def track(
        self, items: Iterable[T], *, total: int | None = None, message: str | None = None
    ) -> Iterator[T]:
        """See `Context.track`."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items):
            self.progress(100 * done / total if total else 0, message)
            yield item
        self.progress(100, message)

    def metric(self, values: Mapping[str, float], *, step: int) -> None:
        """See `Context.metric`."""
        self._check()
        self._line.send(METRIC, self._ref, step, dict(values))

    def log(self, message: str, *, level: str = "info") -> None:
        """See `Context.log`."""
        self._check()
        self._line.send(LOG, self._ref, level, message)

    def expect_items(self, total: int) -> None:
        """See `Context.expect_items`."""
        total = operator.index(total)
        if not 0 <= total <= MOST_ITEMS:
            raise ValueError(f"expected a number of items from 0 to {MOST_ITEMS}, got: {total!r}")
        self._check()
        self._line.send(TOTAL, self._ref, total)

    def items(self, rows: Sequence[Mapping[str, Json]]) -> None:
        """See `Context.items`."""
        self._check()
        self._items.add(rows)

    def replace_items(self, first: int, rows: Sequence[Mapping[str, Json]]) -> None:
        """See `Context.replace_items`."""
        self._check()
        self._items.replace(first, rows)

    def publish(
        self,
        kind: Literal["dataset", "model"],
        name: str,
        file: Path,
        *,
        meta: Mapping[str, Json],
        alias: str | None = None,
    ) -> str:
        """See `Context.publish`."""
        self._refuse_in_shard("a file")
        return self._publications.file(kind, name, file, meta=meta, alias=alias)

    def point_alias(
        self, field: str, alias: str, *, replaces: str | None = None, new: bool = False
    ) -> None:
        """See `Context.point_alias`."""
        self._refuse_in_shard("an alias")
        self._publications.alias(field, alias, replaces=replaces, new=new)

    def hand_over(self, file: Path) -> str:
        """See `Context.hand_over`."""
        if self._start.shard is None:
            raise NotRetryable("expected a shard to hand a file over to its merge, got another job")
        return hand_over(self._files, file, self._folder.path())

    def handed(self, name: str) -> Path:
        """See `Context.handed`."""
        return handed(self._files, self.job_id, name)

    def drop_handed(self, name: str) -> None:
        """See `Context.drop_handed`."""
        drop_handed(self._files, self.job_id, name)

    def _refuse_in_shard(self, what: str) -> None:
        if self._start.shard is not None:
            raise NotRetryable(
                f"expected {what} to be published by the merge, once for the whole job, got one"
                " from a shard"
            )

    def finish(self) -> dict[str, Json]:
        """What the verdict needs beside the result: the last items, and what was published."""
        parts = self._items.write(self._items.take())
        self.clear_scratch()
        return {"publications": self._publications.made, "parts": parts}

    def clear_scratch(self) -> None:
        """Remove what the attempt does not leave behind."""
        self._folder.clear_scratch()

    @property
    def has_files(self) -> bool:
        """Whether finishing takes the time of a disk, or of a depot."""
        return self._folder.made or self._items.waiting

    @abstractmethod
    def _check(self) -> None:
        """Raise `Cancelled` when the job was cancelled."""

    def _save(self, state: Mapping[str, Json], blob: bytes | None, items: Gathered) -> None:
        """Write what a checkpoint needs on disk, and tell the parent."""
        self._number += 1
        saved: dict[str, Json] = {"number": self._number, "state": dict(state)}
        saved |= self._checkpoints.write(self._number, blob)
        saved["parts"] = self._items.write(items)
        saved["items"] = self._items.done
        self._line.send(CHECKPOINT, self._ref, saved)
