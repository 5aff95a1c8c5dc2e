"""How much there is of everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headway.job import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """Facts about the store for `/readyz`."""

    engine: str
    version: str
    writable: bool
    workers: int
    """Workers whose lease holds."""


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
