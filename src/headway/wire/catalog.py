"""What jobs are made from: operations, data sets and models."""

from datetime import datetime
from typing import Any

from headway.wire.base import Answer


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
