"""Who somebody is: passwords on the way in, tokens on every call after that."""

import logging
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from anyio import to_thread

from headway.errors import NotAuthorized
from headway.http.passwords import Passwords
from headway.http.tokens import BadToken, Claims, Tokens
from headway.settings import Settings
from headway.store.contract import Users
from headway.store.values import User

DEMO_USERS: Final = {"alice": "secret123", "bob": "secret456"}
"""They can sign in in development mode alone. Their passwords are published."""

ANONYMOUS: Final = "anonymous"
"""Owns what is imported without a token, which development mode allows."""

_AUDIENCE: Final = "headway-api"
_TRUSTED_SECONDS: Final = 3.0
"""For so long a checked token is believed without asking the store: a disabled user is out then."""
_MOST_TRUSTED: Final = 10_000
_LONGEST_NAME: Final = 200

_log = logging.getLogger("headway")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user who has proved who he is, until his proof expires."""

    name: str
    expires_at: float


class Accounts:
    """Signs users in and recognises them. `foreign` ones sign in elsewhere: here they have no row
    and no token, only tickets."""

    def __init__(
        self, users: Users, tokens: Tokens, settings: Settings, *, foreign: bool = False
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._passwords = Passwords()
        self._foreign = foreign
        self._demo = DEMO_USERS if settings.mode == "development" and not foreign else {}
        self.token_seconds = settings.token_minutes * 60
        self._trusted: dict[bytes, tuple[float, Identity]] = {}

    def announce(self) -> None:
        """Say at start that there are users whose passwords everybody knows."""
        if self._demo:
            pairs = ", ".join(f"{name} / {password}" for name, password in self._demo.items())
            _log.warning("development mode: sign in as %s; only this host is answered", pairs)

    async def sign_in(self, name: str, password: str) -> str | None:
        """A token, or None for a wrong name or password. Raise `NotAuthorized` if disabled."""
        user = await self._known(name[:_LONGEST_NAME])
        if not await self._passwords.matches(password, user.password_hash if user else None):
            return None
        if user is None or self._is_published(name, password):
            return None
        if user.disabled:
            raise NotAuthorized("Inactive user")
        return self._tokens.issue(user.name, _AUDIENCE, self.token_seconds)

    async def identify(self, token: str) -> Identity:
        """Whose token this is. Raise `BadToken`, or `NotAuthorized` if disabled."""
        if self._foreign:
            raise BadToken
        key = sha256(token.encode("utf-8", "surrogatepass")).digest()
        trusted = self._trusted.get(key)
        if trusted is not None and trusted[0] > time.monotonic():
            if trusted[1].expires_at <= time.time():
                raise BadToken
            return trusted[1]
        identity = await self.confirm(self._tokens.read(token, _AUDIENCE))
        if len(self._trusted) >= _MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[key] = (time.monotonic() + _TRUSTED_SECONDS, identity)
        return identity

    def vouched(self, name: object) -> Identity:
        """The user whom somebody else has signed in, trusted for as long as a token would be."""
        if not (isinstance(name, str) and 1 <= len(name) <= _LONGEST_NAME):
            raise TypeError(
                f"expected the `user` dependency to return a name of 1 to {_LONGEST_NAME}"
                f" characters, got: {type(name).__name__}"
            )
        return Identity(name, time.time() + self.token_seconds)

    async def confirm(self, claims: Claims | Identity) -> Identity:
        """That the user still exists, may sign in, and that his proof has not expired."""
        name = claims.subject if isinstance(claims, Claims) else claims.name
        if self._foreign and claims.expires_at > time.time():
            return Identity(name, claims.expires_at)
        user = await to_thread.run_sync(self._users.get, name)
        if user is None or claims.expires_at <= time.time():
            raise BadToken
        if user.disabled:
            raise NotAuthorized("Inactive user")
        return Identity(name, claims.expires_at)

    async def profile(self, name: str) -> User | None:
        """The user with what he did so far."""
        return await to_thread.run_sync(self._users.get, name)

    def close(self) -> None:
        """End the threads that hash."""
        self._passwords.close()

    async def _known(self, name: str) -> User | None:
        """The user of this name. A demo user is made when he is first asked for: hashing his
        password takes a tenth of a second that most starts can do without."""
        user = await to_thread.run_sync(self._users.get, name)
        if user is None and name in self._demo:
            kept = await self._passwords.hash_aside(self._demo[name])
            await to_thread.run_sync(self._users.add, name, kept)
            user = await to_thread.run_sync(self._users.get, name)
        return user

    def _is_published(self, name: str, password: str) -> bool:
        """In production a row that a development run left behind opens nothing."""
        return not self._demo and DEMO_USERS.get(name) == password
