"""Users and what lets them in."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from headway.wire.base import Answer, Request


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
    role: Literal["user", "operator", "admin"] = "user"
    disabled: bool
    created_at: datetime
    request_count: int
    last_request_time: datetime | None


class PasswordRequest(Request):
    """A new password, and the one it takes the place of."""

    current_password: str = Field(max_length=10_000)
    new_password: str = Field(max_length=10_000)
