"""How much may be asked of a service, and by one user: pure numbers. None is no limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the store holds jobs to, in the transaction that would pass a limit."""

    queued_per_user: int | None = None
    """Jobs of one user that have not ended; one more is refused."""
    queued: int | None = None
    """Jobs of all users that have not ended."""
    running_per_user: int | None = None
    """Jobs of one user that may run at a time; the others wait."""
    running: int | None = None
    """Jobs that may run at a time, over all workers."""
    running_of: Mapping[str, int] = field(default_factory=dict)
    """The same for single operations."""


UNLIMITED: Final = Limits()
