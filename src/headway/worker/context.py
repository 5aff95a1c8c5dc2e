"""What an operation sees of Headway while it runs. See `operation.Context`."""

import hashlib
import operator
import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID, uuid4, uuid5

import orjson

from headway.artifacts import ArtifactFiles, hash_file, read_checked, sync_file, write_durably
from headway.context import Artifact, Redo
from headway.errors import CorruptArtifact, Interrupted, NotRetryable
from headway.job import Json
from headway.own_model import OwnModel
from headway.worker.channel import Channel
from headway.worker.depot import depot_at
from headway.worker.protocol import CHECKPOINT, LOG, METRIC, PROGRESS, RESUMED, TOTAL
from headway.worker.start import Start

T = TypeVar("T")

_DATASETS = UUID("5c7e1d8a-0b63-4e0f-9c55-6a2f4d3b8e71")
"""What the ids of data sets are made under."""
_PROGRESS_SECONDS = 0.05
"""Between two reports of progress; the parent writes even fewer."""
_PROGRESS_BURST = 10
"""Reports that may come at once, so that what is said before a long silence is shown."""


class SavedCheckpoint:
    """See `operation.Checkpoint`."""

    def __init__(self, number: int, state: Mapping[str, Json], blob: bytes | None) -> None:
        self.number = number
        self.state = state
        self._blob = blob

    def blob(self) -> bytes | None:
        """The bytes saved with the state."""
        return self._blob


class Line(Protocol):
    """Where a context sends its messages."""

    def send(self, *message: Any) -> None:
        """Send a message, together with those kept back."""

    def later(self, *message: Any) -> None:
        """Keep a message back until the next one is sent."""


_NO_MODELS: Mapping[str, OwnModel] = MappingProxyType({})


class BaseContext(ABC):
    """All that does not wait, shared by `def` and `async def` operations."""

    def __init__(
        self, start: Start, ref: str, line: Line, models: Mapping[str, OwnModel] = _NO_MODELS
    ) -> None:
        self._models = models
        self._start = start
        self._ref = ref
        self._line = line
        self._files = ArtifactFiles(Path(start.root), depot_at(start.depot))
        self._artifacts: dict[str, Artifact] = {}
        self._rows: list[Mapping[str, Json]] = []
        self._replaced: list[tuple[int, Sequence[Mapping[str, Json]]]] = []
        self._next_progress = 0.0
        self._shown_percent = 0.0
        self._publications: list[dict[str, Json]] = []
        self._directory: Path | None = None
        self._number = 0
        self._items_done = 0
        self._resumed: SavedCheckpoint | None = None

    def begin(self) -> None:
        """Get what the attempt goes on from and works with, and clear up after those before it.

        It waits for disks and, where there is a depot, for the network.
        """
        self._files.drop_earlier_scratch(self.job_id, self._start.token)
        self._resumed = self._newest_readable()
        if self._files.depot is not None:
            for name in self._start.uses:
                self.artifact(name)

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
    def scratch(self) -> Path:
        """See `Context.scratch`."""
        path = self._attempt_dir() / "scratch"
        path.mkdir(exist_ok=True)
        return path

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
            lines = self._files.local(part["path"]).read_bytes().split(b"\n")[:-1]
            yield Redo(part["first"], [orjson.loads(line) for line in lines])

    @property
    @abstractmethod
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""

    def artifact(self, name: str) -> Artifact | None:
        """See `Context.artifact`."""
        if name in self._start.uses and name not in self._artifacts:
            self._artifacts[name] = self._start.artifact(name, self._held(self._start.uses[name]))
        return self._artifacts.get(name)

    def _held(self, one: Mapping[str, Any]) -> Path:
        """An artefact's file, which stays while the attempt runs; of what is bundled, no path.

        A copy from the depot may be removed when others need its room, so the attempt holds one
        more link to it.
        """
        if not one["path"]:
            return Path()
        path = self._files.local(one["path"], one["sha256"])
        if self._files.depot is None:
            return path
        held = self.scratch / path.name
        if not held.exists():
            os.link(path, held)
        return held

    def progress(self, percent: float, message: str | None = None) -> None:
        """See `Context.progress`."""
        self._check()
        percent = min(100.0, max(0.0, float(percent)))
        if self._start.results is not None:
            percent = 100.0  # that of the shards, which have done their work
        now = time.monotonic()
        if now >= self._next_progress or percent >= 100 or percent - self._shown_percent >= 1:
            since = max(self._next_progress, now - _PROGRESS_BURST * _PROGRESS_SECONDS)
            self._next_progress = since + _PROGRESS_SECONDS
            self._shown_percent = percent
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
        if total < 0:
            raise ValueError(f"expected a number of items from 0 on, got: {total!r}")
        self._refuse_in_merge("items")
        self._check()
        self._line.send(TOTAL, self._ref, total)

    def items(self, rows: Sequence[Mapping[str, Json]]) -> None:
        """See `Context.items`."""
        self._refuse_in_merge("items")
        self._check()
        self._rows.extend(rows)

    def replace_items(self, first: int, rows: Sequence[Mapping[str, Json]]) -> None:
        """See `Context.replace_items`."""
        self._check()
        self._replaced.append((first, rows))

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
        orjson.dumps(dict(meta), option=_ROW_OPTIONS)  # what cannot be stored fails here, not later
        sync_file(file)
        sha256, size = hash_file(file), file.stat().st_size
        publication: dict[str, Json] = {
            "id": self._artifact_id(kind, name, sha256),
            "kind": kind,
            "name": name,
            "path": self._files.keep(file, kind, sha256),
            "sha256": sha256,
            "size": size,
            "meta": dict(meta),
            "alias": alias,
        }
        self._publications.append(publication)
        return str(publication["id"])

    def _artifact_id(self, kind: str, name: str, sha256: str) -> str:
        """An id for a new artefact. A data set with the same content under the same name is the same
        version: its id is made of them, and what is known by it already is not added again."""
        if kind != "dataset":
            return str(uuid4())
        return str(uuid5(_DATASETS, f"{self.owner}/{name}/{sha256}"))

    def point_alias(
        self, field: str, alias: str, *, replaces: str | None = None, new: bool = False
    ) -> None:
        """See `Context.point_alias`."""
        self._refuse_in_shard("an alias")
        artifact = self._start.artifact(field, Path())
        before = [] if replaces is None else [self._start.artifact(replaces, Path()).id]
        self._publications.append(
            {
                "id": artifact.id,
                "kind": artifact.kind,
                "name": artifact.name,
                "path": "",  # it is known under its id, and stays as it is
                "sha256": artifact.sha256,
                "size": 0,
                "meta": {},
                "alias": alias,
                "alias_from": before if before or new else None,
            }
        )

    def _refuse_in_merge(self, what: str) -> None:
        if self._start.results is not None:
            raise NotRetryable(
                f"expected {what} to come from the shards, whose results are numbered in their"
                " order; got some from the merge"
            )

    def _refuse_in_shard(self, what: str) -> None:
        if self._start.shard is not None:
            raise NotRetryable(
                f"expected {what} to be published by the merge, once for the whole job, got one"
                " from a shard"
            )

    def finish(self) -> dict[str, Json]:
        """What the verdict needs beside the result: the last items, and what was published."""
        parts = self._write_parts()
        self.clear_scratch()
        return {"publications": self._publications, "parts": parts}

    def clear_scratch(self) -> None:
        """Remove what the attempt does not leave behind."""
        if self._directory is not None:
            shutil.rmtree(self._directory / "scratch", ignore_errors=True)

    @abstractmethod
    def _check(self) -> None:
        """Raise `Cancelled` when the job was cancelled."""

    def _save(self, state: Mapping[str, Json], blob: bytes | None) -> None:
        """Write what a checkpoint needs on disk, and tell the parent."""
        self._number += 1
        saved: dict[str, Json] = {"number": self._number, "state": dict(state)}
        if blob is not None:
            path = self._attempt_dir() / f"checkpoint-{self._number}"
            write_durably(path, blob)
            saved["path"] = self._files.secure(path)
            saved["sha256"] = hashlib.sha256(blob).hexdigest()
        saved["parts"] = self._write_parts()
        saved["items"] = self._items_done
        self._line.send(CHECKPOINT, self._ref, saved)

    def _write_parts(self) -> list[dict[str, Json]]:
        """Write what was gathered since the last checkpoint: items tried again, and new ones."""
        replaced, self._replaced = self._replaced, []
        parts = [self._write_part(first, rows, "redone") for first, rows in replaced]
        if self._rows:
            rows, self._rows = self._rows, []
            parts.append(self._write_part(self._items_done, rows, "part"))
            self._items_done += len(rows)
        return parts

    def _write_part(
        self, first: int, rows: Sequence[Mapping[str, Json]], name: str
    ) -> dict[str, Json]:
        data = b"".join(orjson.dumps(row, option=_ROW_OPTIONS) for row in rows)
        path = self._attempt_dir() / f"{name}-{first:012d}.jsonl"
        write_durably(path, data)
        return {
            "first": first,
            "count": len(rows),
            "failed": sum(row.get("error") is not None for row in rows),
            "path": self._files.secure(path),
            "size": len(data),
            "redone": name == "redone",
        }

    def _attempt_dir(self) -> Path:
        if self._directory is None:
            self._directory = self._files.attempt_dir(self.job_id, self._start.token)
        return self._directory

    def _newest_readable(self) -> SavedCheckpoint | None:
        """The newest checkpoint whose bytes are whole; a torn one is passed over, and said so.

        What was published after it is taken back with the first report, and numbers go on from it.
        """
        for one in self._start.checkpoints:
            try:
                blob = None
                if one["path"] is not None:
                    blob = read_checked(self._files.local(one["path"]), one["sha256"])
            except CorruptArtifact as error:
                self._line.later(LOG, self._ref, "warning", f"checkpoint {one['number']}: {error}")
                continue
            self._number, self._items_done = one["number"], one["items"]
            self._say_resumed({k: v for k, v in one["state"].items() if isinstance(v, _SHOWN)})
            return SavedCheckpoint(one["number"], one["state"], blob)
        if self._start.checkpoints:
            self._say_resumed({})
        return None

    def _say_resumed(self, shown: Mapping[str, Json]) -> None:
        from_here = {"checkpoint": self._number, **shown}
        self._line.later(RESUMED, self._ref, from_here, self._number, self._items_done)


_SHOWN = (str, int, float, bool)
"""What of a checkpoint's state is shown as `resumed_from`: the cursor, not the bulk."""

_ROW_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class SyncContext(BaseContext):
    """The context of a `def` operation, alone in its process."""

    def __init__(
        self,
        start: Start,
        ref: str,
        channel: Channel,
        models: Mapping[str, OwnModel] = _NO_MODELS,
    ) -> None:
        self._channel = channel
        super().__init__(start, ref, channel, models)

    @property
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""
        self._channel.take_in()
        return self._channel.cancelled

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """See `Context.checkpoint`."""
        self._check()
        self._save(state, blob)
        self._channel.wait_saved()
        if self._channel.stopping:
            raise Interrupted

    def _check(self) -> None:
        self._channel.listen()
