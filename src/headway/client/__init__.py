"""A client for the HTTP API: `Client` for plain code, `AsyncClient` for an event loop."""

from headway.client.asynchronous import AsyncClient, AsyncJobHandle
from headway.client.errors import ApiError, ClientError
from headway.client.polling import StreamEvent
from headway.client.retry import Policy, with_backoff
from headway.client.sync import Client, JobHandle

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncJobHandle",
    "Client",
    "ClientError",
    "JobHandle",
    "Policy",
    "StreamEvent",
    "with_backoff",
]
