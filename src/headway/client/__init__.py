"""A client for the HTTP API."""

from headway.client.problem import ApiError
from headway.client.sync import Client, StreamEvent, wait_until_ready

__all__ = ["ApiError", "Client", "StreamEvent", "wait_until_ready"]
