"""How workers and queues are written as JSON."""

from datetime import datetime

from headway.job import Status
from headway.wire.base import Answer


class WorkerView(Answer):
    """A worker whose lease holds."""

    worker_id: str
    host: str
    pid: int
    slots: int
    async_slots: int
    operations: list[str]
    started_at: datetime
    heartbeat_age_seconds: float
    running: int
    """Jobs it runs, whosever they are."""
    job_ids: list[str]
    """Those of them that are yours."""


class DepthView(Answer):
    """How many jobs of an operation have not ended."""

    job_type: str
    waiting: int
    delayed: int
    running: int
    oldest_waiting_seconds: float | None


class MinuteView(Answer):
    """How many jobs ended in a minute, and how."""

    at: datetime
    completed: int
    failed: int
    cancelled: int


class EndedView(Answer):
    """How many jobs of an operation ended in the last hour, and how."""

    job_type: str
    completed: int
    failed: int
    cancelled: int
    mean_seconds: float | None
    """How long the last attempt of a completed job took."""


class QueueView(Answer):
    """How long the queues are, and how fast they move."""

    at: datetime
    counted_up_to: int
    """A longer queue is told as this long."""
    waiting: int
    delayed: int
    running: int
    oldest_waiting_seconds: float | None
    operations: list[DepthView]
    minutes: list[MinuteView]
    """The last hour, oldest first; the last minute has just begun."""
    last_hour: list[EndedView]
    paused: list[str]
    """The operations of which nothing is begun."""


class PauseView(Answer):
    """An operation of which nothing is begun."""

    job_type: str
    paused_at: datetime


class OperatedJob(Answer):
    """Where somebody's job stands."""

    job_id: str
    job_type: str
    user_id: str
    status: Status
    waiting_for: str | None
    priority: int
    progress: float
    attempt: int
    crashes: int
    interruptions: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
