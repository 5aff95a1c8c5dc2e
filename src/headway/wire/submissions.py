"""Jobs on their way in: what is asked for, and the answer to it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema, field_validator

from headway.job import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from headway.wire.base import Answer, Request
from headway.wire.notifications import Targets

PRIORITY_WORDS: Final[Mapping[str, int]] = {"urgent": 0, "high": 2, "normal": 5, "low": 8}
LARGEST_METADATA: Final = 16_384
LARGEST_BULK: Final = 1_000
LARGEST_BATCH: Final = 1_000


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
    notify: Targets | None = Field(
        default=None,
        description="Whom to tell of its end; those of your settings when left out, none for []",
    )
    unique_key: str | None = Field(
        default=None,
        pattern="^[\\x21-\\x7e]{1,255}$",
        description="While your job of this type and key is unfinished, it is the answer, and no"
        " second one is made",
    )

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


class Accepted(Answer):
    """A job that is durable now."""

    job_id: str
    status: Literal["pending"] = "pending"
    message: str
    poll_url: str
    existing: bool = Field(
        default=False,
        description="True when an unfinished job with this unique key is given; else left out",
    )


class BulkAccepted(Answer):
    """The jobs of one bulk request, in its order."""

    jobs: list[Accepted]
