"""What the store promises about those who call: users, their tokens and keys, failed sign-ins.

Each method is one transaction. All times are seconds since the epoch by the database's own clock.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from headway.rights import Role, Scope


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a user's, for machines. What it is, is known to whoever holds it alone."""

    id: str
    owner: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None
    last_used_at: float | None


class Keys(Protocol):
    """Keys by the hash of what they are."""

    def add(
        self,
        owner: str,
        name: str,
        *,
        key_id: str,
        digest: str,
        scopes: Collection[Scope],
        lifetime: float | None,
        most: int,
    ) -> ApiKey:
        """Make a key that lives for so many seconds, or until it is removed.

        Raise `Conflict` if the owner has one of this name, or `most` of them.
        """

    def find(self, digest: str) -> ApiKey | None:
        """The key with this hash, unless it has expired."""

    def get(self, key_id: str) -> ApiKey | None:
        """The key of this id, expired or not."""

    def of_owner(self, owner: str) -> list[ApiKey]:
        """The owner's keys by their names, also those that have expired."""

    def remove(self, key_id: str) -> bool:
        """Remove the key; False if there is none."""

    def touch(self, key_id: str) -> None:
        """Note that the key was used just now."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Sign-ins that failed within the same minute."""

    age: float
    """Seconds since that minute began."""
    count: int


class SignIns(Protocol):
    """Which sign-ins failed lately, by subjects that are hashes of names and addresses."""

    def failures(self, subjects: Collection[str], window: float) -> dict[str, list[Failures]]:
        """What failed within the last `window` seconds, oldest first, for each of these."""

    def fail(self, subjects: Collection[str], window: float) -> None:
        """Count one failure for each. Those older than the window are forgotten."""

    def succeed(self, subject: str) -> None:
        """Forget what failed for this one, and remember that a sign-in succeeded."""

    def has_succeeded(self, subject: str, within: float) -> bool:
        """Whether a sign-in succeeded for this one within so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """How much a user has."""

    jobs: int
    artifacts: int
    """Versions of data sets, models and files, the deleted ones too."""
    shared: int
    """Of them, those that everybody can see."""


class Erasure(Protocol):
    """What it takes to remove somebody, in bounded steps that can be taken again."""

    def holdings(self, owner: str) -> Holdings:
        """How much he has now."""

    def unfinished(self, owner: str, *, limit: int = 500) -> list[str]:
        """Ids of up to `limit` of his jobs that have not ended."""

    def erase_jobs(self, owner: str, *, limit: int = 500) -> list[str]:
        """Remove up to `limit` of his jobs that have ended, with all that belongs to them; their
        ids. One with very many events loses some of them first, and is none of these yet."""

    def erase_rest(self, owner: str) -> None:
        """Remove all else that is his or tells of him, and the user. Raise `Conflict` while there
        is a job of his."""
