"""Imports, in their own vocabulary."""

from datetime import datetime
from typing import Any, Literal

from headway.wire.base import Answer


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
