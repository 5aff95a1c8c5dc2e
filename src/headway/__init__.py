"""Durable jobs for ML APIs."""

from headway.context import AsyncContext, Context
from headway.errors import (
    Cancelled,
    HeadwayError,
    Interrupted,
    NotRetryable,
    OperationFailed,
)
from headway.job import Job, Status
from headway.operation import Operation, operation
from headway.retry import Backoff
from headway.settings import Settings

__all__ = [
    "AsyncContext",
    "Backoff",
    "Cancelled",
    "Context",
    "HeadwayError",
    "Interrupted",
    "Job",
    "NotRetryable",
    "Operation",
    "OperationFailed",
    "Settings",
    "Status",
    "operation",
]
