"""Workers, and what they run."""

from collections.abc import Sequence
from dataclasses import dataclass


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
