"""Users and what lets them in."""

from datetime import datetime
from typing import Literal

from headway.wire.base import Answer


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
