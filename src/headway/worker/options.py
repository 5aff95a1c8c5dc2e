"""How a worker is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headway.job import Json, Status
from headway.limits import UNLIMITED, Limits
from headway.worker.cgroup import ControlGroups


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How much a worker takes on, and how long it waits for it at the end."""

    slots: int
    withheld: frozenset[str]
    """Variables of the environment that children do not see: the secrets among the settings."""
    async_slots: int = 400
    grace: float = 5.0
    keep: float = 30 * 86_400.0
    """Seconds until a job that has ended is removed with its history."""
    keep_by_status: Mapping[Status, float] = field(default_factory=dict)
    """Other times for jobs that ended so."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """What operations may be told that were registered for it, by the name of the setting."""
    memory: int | None = None
    """Bytes of private memory an attempt may use if its operation does not say."""
    groups: ControlGroups | None = None
    """Where the kernel bounds the memory of attempts; None leaves it to the watch."""
    copies: int = 20 * 2**30
    """Bytes of copies from a depot that stay on this machine."""
    resources: Mapping[str, int] = field(default_factory=dict)
    """What there is for operations that ask for it."""
    limits: Limits = UNLIMITED
    """Of what runs at a time, over all workers."""
    place: str | None = None
    """The lock that only this worker holds, if it holds one."""
