"""What travels over HTTP: the requests, the answers, and how a job is written as JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
)

from headway.job import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, Job, Json, Status

PRIORITY_WORDS: Final[Mapping[str, int]] = {"urgent": 0, "high": 2, "normal": 5, "low": 8}
LARGEST_METADATA: Final = 16_384
LARGEST_BULK: Final = 1_000
LARGEST_BATCH: Final = 1_000


class Request(BaseModel):
    """The base of all request bodies: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(frozen=True)


def _priority(value: object) -> object:
    return PRIORITY_WORDS.get(value, value) if isinstance(value, str) else value


Priority = Annotated[
    int,
    Field(ge=HIGHEST_PRIORITY, le=LOWEST_PRIORITY),
    BeforeValidator(_priority),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": HIGHEST_PRIORITY, "maximum": LOWEST_PRIORITY},
                {"type": "string", "enum": list(PRIORITY_WORDS)},
            ],
            "description": "0 runs first, 9 last",
        }
    ),
]


class SubmitRequest(Request):
    """A job of any registered operation."""

    job_type: str = Field(min_length=1, max_length=64, examples=["train_model"])
    input: dict[str, Any] = Field(default_factory=dict, examples=[{"data": "sample"}])
    priority: Priority = DEFAULT_PRIORITY
    run_at: AwareDatetime | None = Field(
        default=None, strict=False, description="The moment it is due; at once when left out"
    )
    timeout: float | None = Field(default=None, gt=0, le=30 * 86_400, description="Seconds")
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    metadata: dict[str, Any] = Field(default_factory=dict, description="Kept with the job")

    @field_validator("metadata")
    @classmethod
    def _small(cls, value: dict[str, Any]) -> dict[str, Any]:
        size = len(orjson.dumps(value))
        if size > LARGEST_METADATA:
            raise ValueError(f"expected metadata of at most {LARGEST_METADATA} bytes, got: {size}")
        return value


class BulkRequest(Request):
    """Many jobs, accepted together or not at all."""

    jobs: list[SubmitRequest] = Field(min_length=1, max_length=LARGEST_BULK)


class PredictRequest(Request):
    """One text to classify now."""

    text: str = Field(max_length=1_000_000, examples=["My invoice is wrong"])
    model: str | None = Field(default=None, min_length=1, max_length=200)


class PredictAnswer(Answer):
    """What the model says about the text."""

    prediction: str
    confidence: float
    probabilities: dict[str, float]
    model: str
    model_id: str


class TokenAnswer(Answer):
    """A bearer token and the seconds it lives."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name, no secret
    expires_in: int


class TicketAnswer(Answer):
    """A one-time ticket for a WebSocket, and the seconds it lives."""

    ticket: str
    expires_in: int


class UserView(Answer):
    """A user and what he did so far."""

    username: str
    disabled: bool
    created_at: datetime
    request_count: int
    last_request_time: datetime | None


class Accepted(Answer):
    """A job that is durable now."""

    job_id: str
    status: Literal["pending"] = "pending"
    message: str
    poll_url: str


class BulkAccepted(Answer):
    """The jobs of one bulk request, in its order."""

    jobs: list[Accepted]


class Message(Answer):
    """A sentence."""

    message: str


class CountsView(Answer):
    """How many items there are; `succeeded`, `failed` and `remaining` add up to `total`."""

    total: int | None
    succeeded: int
    failed: int
    remaining: int | None


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
    attempt: int
    max_attempts: int
    crashes: int
    interruptions: int
    timeout: float | None
    resumed_from: dict[str, Any] | None
    parent: str | None
    metadata: dict[str, Any]
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


class OperationView(Answer):
    """An operation that jobs can run, with the JSON Schema of its input."""

    job_type: str
    description: str | None
    input_schema: dict[str, Any]
    max_attempts: int
    timeout: float | None


class ArtifactView(Answer):
    """A data set or a model."""

    id: str
    kind: str
    name: str
    version: int | None
    bundled: bool
    size: int | None
    created_at: datetime | None
    job_id: str | None
    meta: dict[str, Any]


class ImportAccepted(Answer):
    """An import that is durable now."""

    task_id: str
    status: Literal["queued"] = "queued"


class ImportView(Answer):
    """An import. Only `task_id` and `status` are there when the id was never issued."""

    task_id: str
    status: Literal["queued", "running", "complete", "failed", "cancelled", "unknown"]
    progress: float | None = None
    message: str | None = None
    error: str | None = None
    counts: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    row_errors: list[Any] | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class ProblemPart(Answer):
    """One thing that is wrong with a request body."""

    pointer: str = Field(description="RFC 6901, into the request body")
    detail: str


class Problem(Answer):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemPart] = []


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as an aware time, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def encode(document: Json) -> bytes:
    """JSON bytes; times in RFC 3339 with a Z."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def job_url(job_id: str) -> str:
    """Where a job is found."""
    return f"/api/v1/jobs/{job_id}"


def job_document(job: Job) -> dict[str, Json]:
    """A job with the fields of `JobView`, ready for `encode`: lists are too hot for models."""
    counts = job.counts
    return {
        "job_id": job.id,
        "job_type": job.operation,
        "status": job.status,
        "created_at": moment(job.created_at),
        "started_at": _moment_or_none(job.started_at),
        "completed_at": _moment_or_none(job.completed_at),
        "progress": job.progress,
        "result": job.result,
        "error": job.error,
        "user_id": job.owner,
        "priority": job.priority,
        "run_at": _moment_or_none(job.run_at),
        "waiting_for": job.waiting_for,
        "message": job.message,
        "counts": {
            "total": counts.total,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "remaining": counts.remaining,
        },
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "crashes": job.crashes,
        "interruptions": job.interruptions,
        "timeout": job.timeout,
        "resumed_from": job.resumed_from,
        "parent": job.parent,
        "metadata": job.metadata,
        "links": _links(job.id),
    }


def _links(job_id: str) -> dict[str, str]:
    url = job_url(job_id)
    names = ("stream", "events", "metrics", "logs", "attempts", "results", "cancel", "retry")
    return {"self": url} | {name: f"{url}/{name}" for name in names}
