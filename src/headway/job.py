"""What a job is, and which moves it can make: pure and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

Json = Any  # what `json.loads` can give; mypy has no recursive type that stays readable here

HIGHEST_PRIORITY: Final = 0
DEFAULT_PRIORITY: Final = 5
LOWEST_PRIORITY: Final = 9

MOST_ITEMS: Final = 2**31 - 1
"""Of a job, as every store can count them."""


class Status(StrEnum):
    """The five states a job can be in."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """True when nothing moves the job any more except a manual retry."""
        return self in FINISHED


FINISHED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

MOVES: Final[Mapping[Status, frozenset[Status]]] = MappingProxyType(
    {
        Status.PENDING: frozenset({Status.RUNNING, Status.CANCELLED}),
        Status.RUNNING: frozenset(
            {Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.PENDING}
        ),
        Status.COMPLETED: frozenset({Status.PENDING}),
        Status.FAILED: frozenset({Status.PENDING}),
        Status.CANCELLED: frozenset({Status.PENDING}),
    }
)
"""Every move there is. `docs/states.md` draws it, and a test holds the drawing to it."""


class Waiting(StrEnum):
    """Why a job that nobody works on has to wait."""

    TIME = "time"
    RETRY = "retry"
    LIMIT = "limit"
    """It is due, and its owner has as many jobs running as he may."""
    SHARDS = "shards"
    """It is running all the same: others do its work, and it holds no claim meanwhile."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items a job has, and what became of them. `total` is None while unknown."""

    total: int | None = None
    succeeded: int = 0
    failed: int = 0

    @property
    def remaining(self) -> int | None:
        """Items not done yet, so that the four always add up."""
        return None if self.total is None else self.total - self.succeeded - self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stood at one moment. Times are seconds since the epoch, UTC."""

    seq: int
    """The inner sequence that gives jobs their order; never shown outside."""
    id: str
    operation: str
    owner: str
    status: Status
    priority: int
    created_at: float
    version: int
    """Grows with every change a client can see."""
    run_at: float | None = None
    started_at: float | None = None
    completed_at: float | None = None
    waiting_for: Waiting | None = None
    progress: float = 0.0
    message: str | None = None
    counts: Counts = Counts()
    attempt: int = 0
    """Attempts that failed by themselves."""
    max_attempts: int = 1
    crashes: int = 0
    """Times the child process died under a living worker."""
    interruptions: int = 0
    """Times the attempt was ended from outside: a shutdown, a deploy, a dead worker."""
    crashes_in_a_row: int = 0
    interruptions_in_a_row: int = 0
    timeout: float | None = None
    result: Json = None
    error: str | None = None
    resumed_from: Mapping[str, Json] | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    parent: str | None = None
    """The job that this one is a shard of."""
    shard: int | None = None
    """Its place among its parent's shards, from 0."""
    shards: int | None = None
    """How many it was split into; None as long as it was not."""
    unique_key: str | None = None
    """Its owner has one unfinished job of its operation under this key, and no second."""
    worker: str | None = None
    last_event: int = 0
