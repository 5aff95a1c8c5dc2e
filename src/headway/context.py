"""What an operation sees while it runs, and the marks by which its input names artefacts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    Protocol,
    TypeVar,
)

from pydantic import GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue

from headway.job import Json
from headway.own_model import OwnModel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reference:
    """Marks a field of an operation's input that names an artefact of this kind."""

    kind: Literal["dataset", "model", "file"]

    def __get_pydantic_json_schema__(
        self, schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Says in the JSON Schema what the text names, as `x-artifact`: forms offer a choice."""
        return handler(schema) | {"x-artifact": self.kind}


DatasetName = Annotated[str, StringConstraints(min_length=1, max_length=200), Reference("dataset")]
"""Names a data set: `name` (its newest version), `name@version` or its id."""


ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200), Reference("model")]
"""Names a model: `name` (its newest version), `name@alias`, `name@version` or its id."""


FileId = Annotated[str, StringConstraints(min_length=1, max_length=200), Reference("file")]
"""Names an uploaded file by its id."""


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """Marks a field of an operation's input that names a column of the data set in another field.
    What was told of that data set when it was made is held against it before the job is made."""

    field: str
    guessed: Literal["text", "label"] | None = None
    """As what a column is guessed where the input names none; one must have been found then."""
    least: int = 0
    """Different values that it must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a job may read, as it was when the job was submitted."""

    id: str
    kind: str
    name: str
    path: Path
    sha256: str
    version: int = 1
    owner: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)


class Checkpoint(Protocol):
    """Where the attempt before got to."""

    @property
    def state(self) -> Mapping[str, Json]:
        """What was given to `Context.checkpoint`."""

    def blob(self) -> bytes | None:
        """The bytes given with it, checked against their hash."""


@dataclass(frozen=True, slots=True)
class Redo:
    """Consecutive items of which some failed, as they were published."""

    first: int
    rows: Sequence[Mapping[str, Json]]

    @property
    def failed(self) -> list[int]:
        """Places in `rows` of those that failed."""
        return [place for place, row in enumerate(self.rows) if row.get("error") is not None]


class Context(Protocol):
    """What a running attempt can say and ask. Every method that reports raises
    `Cancelled` when the job was cancelled."""

    @property
    def job_id(self) -> str:
        """The job's public id."""

    @property
    def owner(self) -> str:
        """The name of the user the job belongs to."""

    @property
    def attempt(self) -> int:
        """1 for the first attempt, counting failures only."""

    @property
    def shard(self) -> int | None:
        """The place of this attempt's shard among those of its job, from 0; None outside of one."""

    @property
    def traceparent(self) -> str | None:
        """Where this attempt stands in its trace (W3C Trace Context); None where nobody traces it."""

    @property
    def scratch(self) -> Path:
        """A directory of this attempt alone, removed when it ends."""

    @property
    def shared(self) -> Path:
        """A directory that all attempts of all jobs on this machine share: a cache, no more."""

    @property
    def resumed(self) -> Checkpoint | None:
        """The last checkpoint of an earlier attempt, or None when this one starts afresh."""

    @property
    def settings(self) -> Mapping[str, Json]:
        """The settings of the worker that the operation was registered to be told; no others."""

    @property
    def models(self) -> Mapping[str, OwnModel]:
        """The kinds of model that were registered with `@model`, by name."""

    @property
    def redo(self) -> Iterator[Redo]:
        """What holds failed items that the job's user wants tried again; empty as a rule.

        For operations that are registered with `redoes_items`. See `replace_items`.
        """

    @property
    def cancelled(self) -> bool:
        """True once the job was cancelled. For loops that report nothing."""

    def artifact(self, name: str) -> Artifact | None:
        """The artefact that the input field `name` refers to; None if the field was left out."""

    def progress(self, percent: float, message: str | None = None) -> None:
        """Show this much done, clamped to 0..100. The latest wins."""

    def track(
        self, items: Iterable[T], *, total: int | None = None, message: str | None = None
    ) -> Iterator[T]:
        """Yield the items, reporting progress as they are taken."""

    def metric(self, values: Mapping[str, float], *, step: int) -> None:
        """Record named numbers at a step: points of a curve, kept for good."""

    def log(self, message: str, *, level: str = "info") -> None:
        """Record a line that the job's user can read."""

    def expect_items(self, total: int) -> None:
        """Say how many items there will be, so that `counts` can add up."""

    def items(self, rows: Sequence[Mapping[str, Json]]) -> None:
        """Add results of single items. They can be read from the next checkpoint on.

        A row with an `error` that is not None counts as failed.
        """

    def replace_items(self, first: int, rows: Sequence[Mapping[str, Json]]) -> None:
        """Put other rows in the place of those that `redo` gave, from the next checkpoint on."""

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """Make everything so far durable: when this returns, no later attempt redoes it.

        Raise `Interrupted` when the worker is stopping, `Cancelled` when the job was cancelled.
        """

    def publish(
        self,
        kind: Literal["dataset", "model"],
        name: str,
        file: Path,
        *,
        meta: Mapping[str, Json],
        alias: str | None = None,
    ) -> str:
        """Make a file of this attempt an artefact, and return its id.

        Others see it once the job is completed, as the next version of `name`.
        """

    def hand_over(self, file: Path) -> str:
        """In a shard: keep a file for the merge, and return the name under which it finds it.

        The file itself is moved away. It goes with the job, unless the merge drops it before.
        """

    def handed(self, name: str) -> Path:
        """In a merge: the file that a shard has handed over, on this machine, as it was.

        Raise `CorruptArtifact` if there is no such file any more.
        """

    def drop_handed(self, name: str) -> None:
        """In a merge: remove a file that was handed over. What is gone cannot be merged again."""

    def point_alias(
        self, field: str, alias: str, *, replaces: str | None = None, new: bool = False
    ) -> None:
        """Point an alias to the version that an input field names, once the job is completed.

        `replaces` is the input field with the version that it must point to until then, `new` says
        that there must be no such alias: else somebody moved it, the job fails, and it stays.
        """


class AsyncContext(Context, Protocol):
    """The context of an `async def` operation: saving is awaited, the rest returns at once."""

    async def checkpoint(  # type: ignore[override]  # the one call that waits
        self, state: Mapping[str, Json], blob: bytes | None = None
    ) -> None:
        """See `Context.checkpoint`."""
