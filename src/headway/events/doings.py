"""What a process did, one frozen class per fact. They pass; what must last is in `facts`."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """A request has had its answer, or the beginning of one that goes on."""

    method: str
    path: str
    """Without the query: tickets stand there."""
    route: str
    """The route's template: of those there are few, however many paths."""
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """An attempt has come to its end."""

    job_id: str
    operation: str
    owner: str
    attempt: int
    """Its number among the job's claims."""
    reason: str
    """completed, failed, crashed or interrupted."""
    status: str
    """What the job is now."""
    error: str | None


Doing = RequestAnswered | AttemptEnded
Listener = Callable[[Doing], None]
