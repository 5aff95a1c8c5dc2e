"""Users and what lets them in."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from headway.wire.base import Answer, Request

RoleName = Literal["user", "operator", "admin"]


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
    role: RoleName = "user"
    disabled: bool
    created_at: datetime
    request_count: int
    last_request_time: datetime | None


class PasswordRequest(Request):
    """A new password, and the one it takes the place of."""

    current_password: str = Field(max_length=10_000)
    new_password: str = Field(max_length=10_000)


KeyScope = Literal["read", "submit", "operate", "admin"]


class KeyRequest(Request):
    """A key for a machine, and what it may do."""

    name: str = Field(min_length=1, max_length=100)
    scopes: list[KeyScope] = Field(min_length=1, max_length=4)
    expires_in_days: int | None = Field(
        default=90, ge=1, le=3650, description="null for a key that lives until it is removed"
    )


class KeyView(Answer):
    """What is known about a key."""

    id: str
    name: str
    scopes: list[KeyScope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""


class KeyMade(KeyView):
    """A new key, shown this once."""

    key: str


class UserRequest(Request):
    """A user to be made. Without a password one is made by chance, and shown once."""

    username: str = Field(min_length=1, max_length=200)
    role: RoleName = "user"
    password: str | None = Field(default=None, max_length=10_000)


class UserMade(UserView):
    """A new user, and his password if it was made for him."""

    password: str | None = None


class UserChange(Request):
    """What to change of a user."""

    role: RoleName | None = None
    disabled: bool | None = None
    password: str | None = Field(default=None, max_length=10_000)


class DeleteAccountRequest(Request):
    """The password once more, before an account is removed."""

    password: str = Field(max_length=10_000)
    shared: bool = Field(default=False, description="What you share with everybody goes too")


class ErasedView(Answer):
    """What was removed with a user."""

    jobs: int
    artifacts: int
    predictions: int
