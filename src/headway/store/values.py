"""The frozen values that travel between the store and everybody else.

All times are seconds since the epoch by the database's own clock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from headway.errors import KeyReused, LimitReached
from headway.events import Fact
from headway.job import Job, Json, Status, Verdict
from headway.notices import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A client's name for one request of his. `fingerprint` tells whether it is the same one."""

    scope: str
    """The route; with the owner it bounds where the key means anything."""
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job that somebody wants, fully validated."""

    id: str
    operation: str
    owner: str
    input: bytes
    """JSON."""
    priority: int = 5
    delay: float | None = None
    """Seconds from now, by the database's clock, until it is due. It wins over `run_at`."""
    run_at: float | None = None
    """The moment it is due; None for at once."""
    max_attempts: int = 1
    timeout: float | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    uses: Mapping[str, str] = field(default_factory=dict)
    """Input field -> id of the artefact it names, pinned at submission."""
    idempotency: IdempotencyKey | None = None
    unique_key: str | None = None
    """While a job of this owner, operation and key is unfinished, it stands for this one."""
    together: str | None = None
    """Submissions of one mark pass the limits together or not at all."""
    traceparent: str | None = None
    """Where the trace of the request goes on."""
    notify: Sequence[Target] | None = None
    """Who is told of its end; None for whom its owner's settings name."""


@dataclass(frozen=True, slots=True)
class Added:
    """A submission that is durable now, with the job that was made for it or stands for it."""

    job: Job
    replayed: bool = False
    """The same request was answered before, with this job."""
    existing: bool = False
    """The job was made for another request, and was unfinished under the same unique key."""

    @property
    def made(self) -> bool:
        """True when this call made the job."""
        return not (self.replayed or self.existing)


Decided = Added | KeyReused | LimitReached
"""What became of a submission."""


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
class StoredArtifact:
    """A data set, a model or an uploaded file, as the database knows it."""

    id: str
    kind: str
    name: str
    version: int
    owner: str
    path: str
    """Relative to the artefacts' root."""
    sha256: str
    size: int
    meta: Mapping[str, Json]
    created_at: float
    seq: int = 0
    """The inner sequence that lists are ordered by; never shown outside."""
    job_id: str | None = None
    """The job that made it; known also when that job's history was removed."""
    shared: bool = False
    """Whether everybody sees it."""
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasName:
    """An alias, wherever it points."""

    owner: str
    kind: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An alias and the version it points to."""

    name: str
    alias: str
    artifact_id: str
    version: int
    moved_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasMove:
    """One move of an alias; without an artefact, its removal."""

    artifact_id: str | None
    version: int | None
    at: float
    job_id: str | None
    """The job whose verdict moved it; None for a user's own hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageJob:
    """A job as lineage knows it. Its status is None once its history was removed."""

    seq: int
    id: str
    operation: str
    status: Status | None
    owner: str
    completed_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Artefacts, and the jobs between them."""

    artifacts: Mapping[str, StoredArtifact]
    """By id. Bundled ones, and those that nobody knows any more, are not in it."""
    jobs: Sequence[LineageJob]
    used: Collection[tuple[str, int]]
    """(artefact id, job seq): the job read it."""
    made: Collection[tuple[int, str]]
    """(job seq, artefact id): the job published it."""


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
    """Input field -> the artefact, or its id where it is a bundled one."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A worker process, as it shows itself."""

    id: str
    host: str
    pid: int
    slots: int
    """CPU-bound jobs it runs at a time."""
    async_slots: int = 0
    """`async def` jobs it runs at a time."""
    operations: Sequence[str] = ()
    place: str | None = None
    """What this worker holds the only lock of; None for one that may run beside others."""
    started_at: float = 0.0
    beat_at: float = 0.0
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """Whom a user wants told of the end of each job that does not say, and what signs it."""

    targets: Sequence[Target]
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one target: a job, as seen from the one it tells of."""

    id: str
    status: Status
    target: Target
    created_at: float
    completed_at: float | None
    error: str | None
    next_at: float | None
    """When it is tried again, while it waits for that."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """Facts about the store for `/readyz`."""

    engine: str
    version: str
    writable: bool
    workers: int
    """Workers whose lease holds."""


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that a worker holds."""

    id: str
    owner: str
    operation: str


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """A living worker and what it runs."""

    info: WorkerInfo
    age: float
    """Seconds since its last beat."""
    running: Sequence[RunningJob]


class Incident(StrEnum):
    """What is counted of attempts beside the ends of their jobs."""

    CLAIM = "claim"
    RETRY = "retry"
    """It failed, and the job will be tried again."""
    CRASH = "crash"
    INTERRUPTION = "interruption"
    EXPIRY = "expiry"
    """Its worker's lease ended. It counts as an interruption too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMeter:
    """Jobs of one operation and priority that wait for a slot."""

    operation: str
    priority: int
    waiting: int
    """No more than `COUNTED` are counted for an operation."""
    oldest: float
    """Seconds since the first submitted of them came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalMeter:
    """How often something has happened to jobs of an operation since the store was made."""

    operation: str
    what: str
    """How jobs ended, as their status says, or an `Incident`."""
    count: int
    seconds: float
    """Their last attempts took together."""
    bounds: Sequence[tuple[float, int]]
    """How many of them took up to so many seconds, but longer than the bound before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """What the store knows of itself and of all jobs, at one moment and at a bounded cost."""

    queues: Sequence[QueueMeter]
    totals: Sequence[TotalMeter]
    delayed: Mapping[str, int]
    running: Mapping[str, int]
    held: int
    """Jobs that wait for a limit of their owner. No more than `COUNTED` are counted."""
    paused: Sequence[str]
    workers: int
    slots: int
    async_slots: int
    log_bytes: int
    """Of SQLite's write-ahead log; 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class OwnerLoad:
    """How much of the queue one owner takes."""

    owner: str
    unfinished: int
    """Jobs that have not ended."""
    active: int
    """Those of them that are ready or running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many jobs of an operation have not ended."""

    operation: str
    waiting: int
    """For a slot. No more than `COUNTED` are counted."""
    delayed: int
    """For their time, or for another attempt. No more than `COUNTED` are counted, over all
    operations."""
    running: int
    oldest: float | None = None
    """Seconds since the first submitted of those counted as waiting came."""


COUNTED: Final = 100_000
"""Waiting jobs are counted up to here: a longer queue is told as this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many jobs of an operation ended in a minute, and how."""

    minute: float
    """When it began."""
    operation: str
    outcome: Status
    count: int
    seconds: float
    """Their attempts took together."""
