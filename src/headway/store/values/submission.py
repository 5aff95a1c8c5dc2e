"""A job that is asked for, and what became of asking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headway.errors import KeyReused, LimitReached
from headway.job import Job, Json
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
    """Submissions of one mark pass the limits together or not at all, and none of them is made when a
    key of theirs came with another request."""
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
