"""How to ask for jobs that were made, and what is left of them and their attempts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from headway.job import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """Which jobs to list, newest first."""

    owner: str | None = None
    statuses: Collection[Status] = ()
    operation: str | None = None
    parent: str | None = None
    """Only the shards of this job. Without it, only jobs that are no shards."""
    before: int | None = None
    """Only jobs whose `seq` is smaller: the cursor."""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt that has ended."""

    token: int
    worker: str
    host: str
    started_at: float
    ended_at: float
    reason: str
    error: str | None
    traceback: str | None
    peak_memory: int | None
    cpu_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of a job whose history was removed."""

    id: str
    owner: str
    operation: str
    status: Status
    completed_at: float
    pruned_at: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one step of pruning did."""

    jobs: Sequence[str]
    """Ids of the jobs that are no more: what they left on disk can go too."""
    next: int | None
    """Where the next step goes on; None at the end."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one step of forgetting checkpoints did."""

    paths: Sequence[str]
    """Files that no attempt will be told of: they can go too."""
    next: int | None
    """Where the next step goes on; None at the end."""
