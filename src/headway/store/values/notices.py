"""Who is told of the end of jobs, and how that goes."""

from collections.abc import Sequence
from dataclasses import dataclass

from headway.job import Status
from headway.notices import Target


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
