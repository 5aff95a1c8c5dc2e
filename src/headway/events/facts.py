"""One frozen class per fact. A fact is written in the transaction of the change it tells of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from headway.job import Json, Status


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The job entered a state. `reason` says why where the state alone does not."""

    kind: ClassVar[str] = "status"
    status: Status
    reason: str | None = None
    attempt: int | None = None
    """Which attempt began, for a job that is running now."""


@dataclass(frozen=True, slots=True)
class MetricRecorded:
    """Named numbers at a step: one point of each curve."""

    kind: ClassVar[str] = "metric"
    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line the operation wrote for its user."""

    kind: ClassVar[str] = "log"
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class ItemsPublished:
    """One more part of item results can be read: `count` items from index `first` on."""

    kind: ClassVar[str] = "items"
    first: int
    count: int
    failed: int


@dataclass(frozen=True, slots=True)
class ShardItemsPublished:
    """The same, of a shard: the index counts within it."""

    kind: ClassVar[str] = "items"
    shard: int
    first: int
    count: int
    failed: int


@dataclass(frozen=True, slots=True)
class ShardLogLine:
    """A line that a shard wrote for the job's user."""

    kind: ClassVar[str] = "log"
    shard: int
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class ShardChanged:
    """An attempt of a shard has ended; `status` is the state that the shard is in now."""

    kind: ClassVar[str] = "shard"
    shard: int
    status: Status
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A later attempt will start from here."""

    kind: ClassVar[str] = "checkpoint"
    number: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The attempt goes on where an earlier one had saved its state."""

    kind: ClassVar[str] = "resume"
    resumed_from: Mapping[str, Json]
    """The state it goes on from."""


Fact = (
    StatusChanged
    | MetricRecorded
    | LogLine
    | ItemsPublished
    | CheckpointSaved
    | Resumed
    | ShardItemsPublished
    | ShardLogLine
    | ShardChanged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact as it was stored."""

    position: int
    """Its place among all events, in commit order."""
    job_id: str
    number: int
    """Its place among the job's events: 1, 2, 3, ... without gaps."""
    kind: str
    at: float
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class OwnedEvent:
    """An event with what a viewer of many jobs must know beside it."""

    event: Event
    owner: str
    progress: float
    """How far the job is now, which may be later than the event."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some owners' events of a stretch of the history of all."""

    events: Sequence[OwnedEvent]
    reached: int
    """The position up to which there are no others: where the next stretch begins."""
    last: bool
    """Whether the stretch reached the present."""
