"""What a job is, which moves it can make, and what an attempt can come to: pure and frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from headway.retry import Backoff

Json = Any  # what `json.loads` can give; mypy has no recursive type that stays readable here

HIGHEST_PRIORITY: Final = 0
DEFAULT_PRIORITY: Final = 5
LOWEST_PRIORITY: Final = 9

MAX_CRASHES: Final = 3
"""Crashes in a row without an advancing checkpoint that end a job."""

MAX_INTERRUPTIONS: Final = 10
"""Interruptions in a row without an advancing checkpoint that end a job."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A file an attempt made for others to use: it exists once the verdict is recorded."""

    id: str
    kind: str
    """`dataset`, `model` or `file`."""
    name: str
    path: str
    """Relative to the artefacts' root."""
    sha256: str
    size: int
    meta: Mapping[str, Json]
    alias: str | None = None
    alias_from: Sequence[str] | None = None
    """Where the alias must point until then, or the job fails: to the artefact of this id, or with an
    empty list nowhere. None for wherever it points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt cost, where the system can tell."""

    peak_memory: int | None = None
    """Bytes of resident memory at the highest."""
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The operation returned."""

    result: Json
    publications: Sequence[Publication] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The operation raised."""

    error: str
    retryable: bool = True
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child died without a word: killed, out of memory, a fault in C code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The attempt was ended from outside, and is not to blame."""

    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """The operation split its input: each of these is the input of a shard, as JSON."""

    inputs: Sequence[str]


Outcome = Completed | Failed | Crashed | Stopped | Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is written about an attempt: the job's next state and what the counters gain."""

    status: Status
    reason: str
    """One word for the attempt's record: completed, failed, crashed, interrupted, split."""
    error: str | None = None
    traceback: str | None = None
    delay: float | None = None
    """Seconds until the next attempt is due; None for at once (or never)."""
    result: Json = None
    publications: Sequence[Publication] = ()
    shards: Sequence[str] = ()
    """Inputs of the shards that the job waits for from now on, as JSON."""
    failures: int = 0
    crashes: int = 0
    interruptions: int = 0
    usage: Usage = Usage()


def decide(outcome: Outcome, job: Job, backoff: Backoff, usage: Usage = Usage()) -> Verdict:
    """Turn what came of an attempt into what is written about it. Pure but for the jitter."""
    match outcome:
        case Completed(result, publications):
            return Verdict(
                status=Status.COMPLETED,
                reason="completed",
                result=result,
                publications=publications,
                usage=usage,
            )
        case Failed(error, retryable, traceback):
            again = retryable and job.attempt + 1 < job.max_attempts
            return Verdict(
                status=Status.PENDING if again else Status.FAILED,
                reason="failed",
                error=error,
                traceback=traceback,
                delay=backoff.delay(job.attempt) if again else None,
                failures=1,
                usage=usage,
            )
        case Crashed(reason):
            again = job.crashes_in_a_row + 1 < MAX_CRASHES
            return Verdict(
                status=Status.PENDING if again else Status.FAILED,
                reason="crashed",
                error=reason if again else f"{reason}; given up after {MAX_CRASHES} crashes",
                delay=backoff.delay(job.crashes_in_a_row) if again else None,
                crashes=1,
                usage=usage,
            )
        case Stopped(reason):
            return interrupted(job, reason, usage)
        case Split(inputs):
            return Verdict(status=Status.RUNNING, reason="split", shards=inputs, usage=usage)


def interrupted(job: Job, reason: str, usage: Usage = Usage()) -> Verdict:
    """The verdict on an attempt that was ended from outside: again at once, within bounds."""
    again = job.interruptions_in_a_row + 1 < MAX_INTERRUPTIONS
    return Verdict(
        status=Status.PENDING if again else Status.FAILED,
        reason="interrupted",
        error=reason
        if again
        else f"{reason}; given up after {MAX_INTERRUPTIONS} interruptions without progress",
        interruptions=1,
        usage=usage,
    )
