"""Who is told of the end of a job, and what came of it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from headway.notices import LONGEST_ADDRESS, LONGEST_URL, MOST_TARGETS
from headway.wire.base import Answer, Request

End = Literal["completed", "failed", "cancelled"]


class NotifyTarget(Request):
    """One place to tell: a webhook, or a mailbox."""

    webhook: str | None = Field(
        default=None, max_length=LONGEST_URL, examples=["https://example.org/hooks/headway"]
    )
    email: str | None = Field(default=None, max_length=LONGEST_ADDRESS)
    on: list[End] | None = Field(
        default=None, min_length=1, max_length=3, description="Which ends; all when left out"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.webhook is None) == (self.email is None):
            raise ValueError("expected either `webhook` or `email`")
        return self


Targets = Annotated[list[NotifyTarget], Field(max_length=MOST_TARGETS)]


def wishes(targets: list[NotifyTarget]) -> list[dict[str, Any]]:
    """The targets as the queue takes them."""
    return [one.model_dump(exclude_none=True) for one in targets]


class NotificationsRequest(Request):
    """Whom to tell of every job that does not say."""

    targets: Targets


class TargetView(Answer):
    """One place that is told."""

    webhook: str | None = None
    email: str | None = None
    on: list[End]


class NotificationsView(Answer):
    """A user's own settings."""

    targets: list[TargetView]
    signing_secret: str = Field(
        description="Signs your webhooks, as the Standard Webhooks specification has it"
    )


class DeliveryAttempt(Answer):
    """One attempt to deliver, which has ended."""

    started_at: datetime
    ended_at: datetime
    outcome: str = Field(description="`completed`, or what was wrong")


class DeliveryView(Answer):
    """A notice on its way to one target."""

    delivery_id: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    target: TargetView
    created_at: datetime
    completed_at: datetime | None
    next_attempt_at: datetime | None
    error: str | None
    attempts: list[DeliveryAttempt]
