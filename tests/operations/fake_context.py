"""A context in this process: it records what an operation says, and can stop it at a checkpoint."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from headway.context import Artifact, Redo
from headway.errors import Cancelled, CorruptArtifact, Interrupted
from headway.job import Json
from headway.own_model import OwnModel

T = TypeVar("T")


@dataclass(frozen=True)
class Saved:
    """A checkpoint as it comes back from the store: through JSON and bytes."""

    text: str
    content: bytes | None

    @property
    def state(self) -> Mapping[str, Json]:
        state: Mapping[str, Json] = json.loads(self.text)
        return state

    def blob(self) -> bytes | None:
        return self.content


@dataclass(frozen=True)
class Published:
    kind: str
    name: str
    content: bytes
    meta: Mapping[str, Json]
    alias: str | None


@dataclass
class FakeContext:
    """Behaves as the worker's context does, in one process. `interrupt_at=n` stops at the n-th
    checkpoint, `cancel_at=n` at the n-th report of progress; both count from 1."""

    folder: Path
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    resumed: Saved | None = None
    interrupt_at: int | None = None
    cancel_at: int | None = None
    percents: list[float] = field(default_factory=list)
    metrics: dict[int, Mapping[str, float]] = field(default_factory=dict)
    handed_out: list[Mapping[str, Json]] = field(default_factory=list)
    durable: list[Mapping[str, Json]] = field(default_factory=list)
    checkpoints: list[Saved] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    expected: int | None = None
    job_id: str = "job"
    owner: str = "alice"
    attempt: int = 1
    cancelled: bool = False
    shard: int | None = None
    traceparent: str | None = None
    to_redo: Sequence[Redo] = ()
    own_models: Mapping[str, OwnModel] = field(default_factory=dict)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    conditions: list[tuple[str | None, bool]] = field(default_factory=list)

    @property
    def scratch(self) -> Path:
        return self._made("scratch")

    @property
    def shared(self) -> Path:
        return self._made("shared")

    def artifact(self, name: str) -> Artifact | None:
        return self.artifacts.get(name)

    def progress(self, percent: float, message: str | None = None) -> None:
        self.percents.append(percent)
        if self.cancel_at == len(self.percents):
            raise Cancelled

    def track(
        self, items: Iterable[T], *, total: int | None = None, message: str | None = None
    ) -> Iterator[T]:
        yield from items

    def metric(self, values: Mapping[str, float], *, step: int) -> None:
        self.metrics[step] = values

    def log(self, message: str, *, level: str = "info") -> None:
        self.logged.append(message)

    def expect_items(self, total: int) -> None:
        self.expected = total

    def items(self, rows: Sequence[Mapping[str, Json]]) -> None:
        self.handed_out += rows

    @property
    def settings(self) -> Mapping[str, Json]:
        return {}

    @property
    def models(self) -> Mapping[str, OwnModel]:
        return self.own_models

    @property
    def redo(self) -> Iterator[Redo]:
        yield from self.to_redo

    def replace_items(self, first: int, rows: Sequence[Mapping[str, Json]]) -> None:
        self.durable[first : first + len(rows)] = rows

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        self.checkpoints.append(Saved(json.dumps(state), blob))
        self.durable += self.handed_out
        self.handed_out.clear()
        if self.interrupt_at == len(self.checkpoints):
            raise Interrupted

    def publish(
        self,
        kind: Literal["dataset", "model"],
        name: str,
        file: Path,
        *,
        meta: Mapping[str, Json],
        alias: str | None = None,
    ) -> str:
        json.dumps(meta)
        self.published.append(Published(kind, name, file.read_bytes(), meta, alias))
        return f"{kind}:{name}"

    def hand_over(self, file: Path) -> str:
        assert self.shard is not None
        name = f"handed-{self.shard}-{file.name}"
        file.replace(self._made("handed") / name)
        return name

    def handed(self, name: str) -> Path:
        path = self.folder / "handed" / name
        if not path.exists():
            raise CorruptArtifact(f"expected {name}, got none")
        return path

    def drop_handed(self, name: str) -> None:
        (self.folder / "handed" / name).unlink(missing_ok=True)

    def point_alias(
        self, field: str, alias: str, *, replaces: str | None = None, new: bool = False
    ) -> None:
        self.aliases.append((field, alias))
        self.conditions.append((replaces, new))

    def after(self) -> "FakeContext":
        """The context of the next attempt, which goes on from the last checkpoint."""
        resumed = self.checkpoints[-1] if self.checkpoints else self.resumed
        return FakeContext(
            self.folder,
            self.artifacts,
            resumed,
            metrics=self.metrics,
            durable=self.durable,
            own_models=self.own_models,
        )

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path
