"""A client for the HTTP API: `Client` for plain code, `AsyncClient` for an event loop."""

from headway.client.async_job_handle import AsyncJobHandle
from headway.client.asynchronous import AsyncClient
from headway.client.errors import ApiError, ClientError
from headway.client.job_handle import JobHandle
from headway.client.polling import StreamEvent
from headway.client.retry import Policy, with_backoff
from headway.client.sync import Client
from headway.client.watching_all import JobsEvent

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncJobHandle",
    "Client",
    "ClientError",
    "JobHandle",
    "JobsEvent",
    "Policy",
    "StreamEvent",
    "with_backoff",
]
