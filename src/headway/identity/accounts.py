"""Who somebody is: his password signs him in, a token or a key says so on every call after that."""

import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from math import inf
from typing import Final

from anyio import to_thread

from headway.errors import NotAuthorized, StoreError
from headway.identity.demo import Demo
from headway.identity.hashing import Aside
from headway.identity.keys import PREFIX, digest_of
from headway.identity.passwords import Passwords
from headway.identity.rules import LONGEST_NAME
from headway.identity.throttle import Limits, Throttle
from headway.identity.tokens import BadToken, Claims, Tokens
from headway.rights import GRANTS, Role, Scope
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.identity import ApiKey, User

_AUDIENCE: Final = "headway-api"
_TRUSTED_SECONDS: Final = 3.0
"""For so long a checked token is believed without asking the store: then it is out everywhere."""
_MOST_TRUSTED: Final = 10_000
_USED_SECONDS: Final = 60.0
"""When a key was used last is told to the minute: each call would be a write."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user who has proved who he is, until his proof expires."""

    name: str
    expires_at: float
    scopes: frozenset[Scope] = GRANTS[Role.USER]
    """What he may do with this proof."""
    generation: int | None = None
    """Of his tokens, when this one was made; None where a key proved it."""
    proof: str = ""
    """The id of the token or key that proved it."""
    role: Role = Role.USER


class Accounts:
    """Signs users in and recognises them. `foreign` ones sign in elsewhere: here they have no row
    and no token, only tickets. Who waits for a password to be hashed has entered `aside`."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        settings: Settings,
        *,
        foreign: bool = False,
        aside: Aside = nullcontext,
    ) -> None:
        self._users = store.users
        self._keys = store.keys
        self._tokens = tokens
        self._foreign = foreign
        self._demo = Demo.of(settings, foreign=foreign)
        throttle = Throttle(store.sign_ins, Limits.of(settings))
        self._passwords = Passwords(store.users, throttle, self._demo, aside)
        self.token_seconds = settings.token_minutes * 60
        self._trusted: dict[bytes, tuple[float, Identity]] = {}

    def announce(self) -> None:
        """Say at start that there are users whose passwords everybody knows."""
        self._demo.announce()

    async def sign_in(self, name: str, password: str, address: str) -> str | None:
        """A token, or None: for a wrong name, a wrong password and a disabled user alike.

        Raise `TooManyFailures` or `TooManySignIns` before the password is looked at.
        """
        user = await self._passwords.owner(name[:LONGEST_NAME], password, address)
        return None if user is None else self._token_for(user)

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
        if token.startswith(PREFIX):
            identity = await self._holder_of(token)
        else:
            identity = await self.confirm(_claimed(self._tokens.read(token, _AUDIENCE)))
        if len(self._trusted) >= _MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[key] = (time.monotonic() + _TRUSTED_SECONDS, identity)
        return identity

    def vouched(self, name: object) -> Identity:
        """The user whom somebody else has signed in, trusted for as long as a token would be."""
        if not (isinstance(name, str) and 1 <= len(name) <= LONGEST_NAME):
            raise TypeError(
                f"expected the `user` dependency to return a name of 1 to {LONGEST_NAME}"
                f" characters, got: {type(name).__name__}"
            )
        return Identity(name, time.time() + self.token_seconds)

    async def redeemed(self, claims: Claims) -> Identity:
        """Who bought the ticket that says this. What it opens may live as long as what a token
        opens, though the ticket itself dies in seconds."""
        identity = await self.confirm(_claimed(claims))
        return replace(identity, expires_at=claims.expires_at + self.token_seconds)

    async def confirm(self, identity: Identity) -> Identity:
        """The same identity, if it still holds, with what it is good for by now.

        Raise `BadToken` when it has expired, was ended, or the user is no more; `NotAuthorized`
        if he is disabled.
        """
        if identity.expires_at <= time.time():
            raise BadToken
        if self._foreign:
            return identity
        if identity.generation is None:
            key = await to_thread.run_sync(self._keys.get, identity.proof)
            return await self._with_key(key)
        user = self._allowed(
            await to_thread.run_sync(self._users.holding, identity.name, identity.proof)
        )
        if user.generation != identity.generation:
            raise BadToken
        return replace(identity, scopes=identity.scopes & GRANTS[user.role], role=user.role)

    async def _holder_of(self, key: str) -> Identity:
        """Whose key this is, and what it is good for."""
        found = await to_thread.run_sync(self._keys.find, digest_of(key))
        identity = await self._with_key(found)
        if found is not None and (found.last_used_at or 0.0) < time.time() - _USED_SECONDS:
            with suppress(StoreError):  # who only reads is answered while nothing can be written
                await to_thread.run_sync(self._keys.touch, found.id)
        return identity

    async def _with_key(self, key: ApiKey | None) -> Identity:
        expires_at = inf if key is None or key.expires_at is None else key.expires_at
        if key is None or expires_at <= time.time():
            raise BadToken
        user = self._allowed(await to_thread.run_sync(self._users.get, key.owner))
        scopes = key.scopes & GRANTS[user.role]
        return Identity(user.name, expires_at, scopes, None, key.id, user.role)

    def _allowed(self, user: User | None) -> User:
        if user is None or not self._demo.admits(user):
            raise BadToken
        if user.disabled:
            raise NotAuthorized("Inactive user")
        return user

    async def sign_out(self, identity: Identity, *, everywhere: bool) -> None:
        """Make the token void; or all that were ever given out to this user."""
        if everywhere:
            await to_thread.run_sync(self._users.change, identity.name)
        else:
            end = self._users.end_token
            await to_thread.run_sync(end, identity.proof, identity.expires_at)
        self.forget()

    def forget(self) -> None:
        """Believe nobody without asking: something was ended, and it should count at once."""
        self._trusted.clear()

    async def change_password(self, name: str, old: str, new: str, address: str) -> str | None:
        """A token of the first generation after the change, or None if the old one is wrong."""
        if await self._passwords.owner(name, old, address) is None:
            return None
        kept = await self.hash_aside(new)
        change = partial(self._users.change, name, password_hash=kept)
        changed = await to_thread.run_sync(change)
        self.forget()
        return self._token_for(changed)

    async def proved(self, name: str, password: str, address: str) -> bool:
        """Whether this is the user's password, asked for once more before something grave."""
        return await self._passwords.owner(name, password, address) is not None

    async def hash_aside(self, password: str) -> str:
        """The hash to keep of a password. Raise `TooManySignIns`."""
        return await self._passwords.hash_aside(password)

    async def profile(self, name: str) -> User | None:
        """The user with what he did so far."""
        return await to_thread.run_sync(self._users.get, name)

    def close(self) -> None:
        """End the threads that hash."""
        self._passwords.close()

    def _token_for(self, user: User) -> str:
        seconds, generation = self.token_seconds, user.generation
        return self._tokens.issue(user.name, _AUDIENCE, seconds, generation=generation)


def _claimed(claims: Claims) -> Identity:
    """What the token says, to be confirmed. It is limited by the role alone; a ticket further."""
    limit = frozenset(Scope) if claims.scopes is None else claims.scopes
    return Identity(claims.subject, claims.expires_at, limit, claims.generation, claims.proof)
