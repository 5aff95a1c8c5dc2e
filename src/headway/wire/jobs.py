"""How a job, its history and its results are written as JSON."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from headway.estimate import NO_ESTIMATE, Estimate, Span
from headway.job import Job, Json, Status
from headway.wire.base import Answer, moment, moment_or_none
from headway.wire.places import place

BRIEF_TEXT: Final = 200
"""Characters of a text that may stand in a brief result."""


class CountsView(Answer):
    """How many items there are; `succeeded`, `failed` and `remaining` add up to `total`."""

    total: int | None
    succeeded: int
    failed: int
    remaining: int | None


class SpanView(Answer):
    """Seconds, from the least to the most that is likely."""

    low: float
    high: float


class JobView(Answer):
    """A job as its owner sees it."""

    job_id: str
    job_type: str
    status: Status
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    progress: float = Field(ge=0, le=100)
    result: Any
    error: str | None
    user_id: str
    priority: int
    run_at: datetime | None
    waiting_for: str | None
    message: str | None
    counts: CountsView
    queue_position: int | None
    eta_seconds: SpanView | None
    attempt: int
    max_attempts: int
    crashes: int
    interruptions: int
    timeout: float | None
    resumed_from: dict[str, Any] | None
    parent: str | None
    shard: int | None
    shards: int | None
    metadata: dict[str, Any]
    unique_key: str | None
    links: dict[str, str]


class EventView(Answer):
    """Something that happened to a job. `id` counts from 1 within the job."""

    id: int
    event: str
    at: datetime
    data: dict[str, Any]


class AttemptView(Answer):
    """An attempt that has ended, and what it cost."""

    number: int
    host: str
    started_at: datetime
    ended_at: datetime
    exit_reason: str
    error: str | None
    peak_memory: int | None
    cpu_seconds: float | None


class ResultsPage(Answer):
    """Results of single items, from `cursor` on. More may come until `complete`."""

    items: list[dict[str, Any]]
    next_cursor: int
    complete: bool


def job_url(job_id: str) -> str:
    """Where a job is found."""
    return place(f"/api/v1/jobs/{job_id}")


def job_document(job: Job, estimate: Estimate = NO_ESTIMATE) -> dict[str, Json]:
    """A job with the fields of `JobView`, ready for `encode`: lists are too hot for models."""
    return {
        "job_id": job.id,
        "job_type": job.operation,
        "status": job.status,
        "created_at": moment(job.created_at),
        "started_at": moment_or_none(job.started_at),
        "completed_at": moment_or_none(job.completed_at),
        "progress": job.progress,
        "result": job.result,
        "error": job.error,
        "user_id": job.owner,
        "priority": job.priority,
        "run_at": moment_or_none(job.run_at),
        "waiting_for": waits_for(job, estimate),
        "message": job.message,
        "counts": counts_document(job),
        "queue_position": estimate.position,
        "eta_seconds": span_document(estimate.left),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "crashes": job.crashes,
        "interruptions": job.interruptions,
        "timeout": job.timeout,
        "resumed_from": job.resumed_from,
        "parent": job.parent,
        "shard": job.shard,
        "shards": job.shards,
        "metadata": job.metadata,
        "unique_key": job.unique_key,
        "links": _links(job.id),
    }


def brief(result: Json) -> Json:
    """The numbers, truths and short texts of a result: what fits into a line of a list."""
    if isinstance(result, dict):
        return {name: value for name, value in result.items() if _is_brief(value)}
    return result if _is_brief(result) else None


def _is_brief(value: Json) -> bool:
    return not (
        isinstance(value, (dict, list)) or (isinstance(value, str) and len(value) > BRIEF_TEXT)
    )


def waits_for(job: Job, estimate: Estimate) -> str | None:
    """What a pending job waits for, beside a slot: its time, another attempt, a limit of its
    owner's, or the end of its operation's pause."""
    return "pause" if estimate.paused else job.waiting_for


def counts_document(job: Job) -> dict[str, Json]:
    """The job's items, with the fields of `CountsView`."""
    counts = job.counts
    return {
        "total": counts.total,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "remaining": counts.remaining,
    }


def span_document(span: Span | None) -> dict[str, Json] | None:
    """An estimate in seconds, to the tenth: nobody can tell more."""
    return None if span is None else {"low": round(span.low, 1), "high": round(span.high, 1)}


def _links(job_id: str) -> dict[str, str]:
    url = job_url(job_id)
    names = (
        "stream", "events", "metrics", "logs", "attempts", "shards", "results", "cancel", "retry",
    )  # fmt: skip
    return {"self": url} | {name: f"{url}/{name}" for name in names}
