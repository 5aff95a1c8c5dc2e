"""What a worker gets with a job, and what it reports of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from headway.events import Fact
from headway.job import Job, Json
from headway.store.values.artifacts import StoredArtifact
from headway.verdict import Verdict

KEPT_CHECKPOINTS: Final = 2
"""Of each job: the newest, and the one before in case the newest cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """What an attempt saved: its state, and where the bytes that go with it are."""

    number: int
    state: Mapping[str, Json]
    attempt_token: int
    items: int
    """Items the job had published up to and with this checkpoint."""
    path: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Rewind:
    """Back to an earlier checkpoint, because those after it cannot be read."""

    checkpoint: int
    """Its number; 0 when none can be read and the job starts afresh."""
    items: int
    """Items published by then. Those after them will be made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file with the results of `count` consecutive items, one JSON object a line."""

    first: int
    count: int
    failed: int
    path: str
    size: int
    sha256: str | None = None
    """None for those published before hashes were kept."""
    redone: bool = False
    """Whether it takes the place of the part that was there, whose failed items were tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that belongs to one worker, until the worker's lease ends."""

    job: Job
    token: int
    """Grows with every claim of the job; every write of the attempt must carry it."""
    input: bytes
    uses: Mapping[str, StoredArtifact | str]
    """Input field -> the artefact, or its id where it is a bundled one or was deleted."""
    checkpoints: Sequence[StoredCheckpoint] = ()
    """Newest first; the second is there in case the first cannot be read."""
    redo: Sequence[Part] = ()
    """Parts whose failed items are to be tried again."""
    waited: float = 0.0
    """Seconds since it was due or submitted; 0 for a job that was claimed before."""
    traceparent: str | None = None
    """Where the trace of its submission goes on."""
    results: Sequence[Json] | None = None
    """What the job's shards returned, in their order, for the job to merge; None for others."""


@dataclass(frozen=True, slots=True)
class Want:
    """Up to `limit` jobs of these operations."""

    operations: Sequence[str]
    limit: int
    fewer: Mapping[str, int] = field(default_factory=dict)
    """Operations of which not even so many may be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a running attempt has to tell since its last report."""

    seq: int
    token: int
    parent: str | None = None
    """The job that this one is a shard of: it is told too."""
    progress: float | None = None
    """Percent; what lies outside of 0..100 is written as the nearer end."""
    message: str | None = None
    total: int | None = None
    """Items expected."""
    facts: Sequence[Fact] = ()
    parts: Sequence[Part] = ()
    checkpoint: StoredCheckpoint | None = None
    resumed_from: Mapping[str, Json] | None = None
    rewind: Rewind | None = None
    """Undone before anything else in the report is done."""
    verdict: Verdict | None = None
