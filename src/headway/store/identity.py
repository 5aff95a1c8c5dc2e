"""What the store promises about those who call: users, and the tokens given out to them.

Each method is one transaction. All times are seconds since the epoch by the database's own clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from headway.rights import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in, with what he did so far."""

    name: str
    password_hash: str
    disabled: bool = False
    role: Role = Role.USER
    demo: bool = False
    """Whether development mode made him, with a password that is published."""
    generation: int = 0
    """Grows whenever all tokens given out so far are void."""
    created_at: float = 0.0
    request_count: int = 0
    last_request_time: float | None = None


class Users(Protocol):
    """Who may sign in, and which tokens still mean something."""

    def add(
        self, name: str, password_hash: str, *, role: Role = Role.USER, demo: bool = False
    ) -> bool:
        """Make a user; False, and nothing changed, if there is one of this name."""

    def get(self, name: str) -> User | None:
        """The user of this name."""

    def holding(self, name: str, token_id: str) -> User | None:
        """The user of this name, unless this token was ended."""

    def page(self, *, after: str = "", limit: int = 500) -> list[User]:
        """Users by their names, those past `after`."""

    def change(
        self,
        name: str,
        *,
        password_hash: str | None = None,
        disabled: bool | None = None,
        role: Role | None = None,
    ) -> User:
        """Change what is given; every token given out before is void. Raise `NotFound`."""

    def rehash(self, name: str, old: str, new: str) -> None:
        """Keep the same password under another hash, unless it was changed meanwhile."""

    def end_token(self, token_id: str, expires_at: float) -> bool:
        """Make one token void, for as long as it would have lived; False if it was void before."""

    def count_requests(self, counts: Mapping[str, int]) -> None:
        """Add to the users' request counts and set their last request time to now."""
