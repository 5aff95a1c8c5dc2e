"""Keys for machines: shown once, kept as a hash, good for what they were made for and no longer."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from headway.errors import InvalidInput, NotAuthorized, NotFound
from headway.ids import new_id
from headway.rights import GRANTABLE, GRANTS, Role, Scope
from headway.store.identity import ApiKey, Keys

PREFIX: Final = "hw_"
"""By it a key is told from a token, by us and by whoever looks for leaked ones."""
MOST: Final = 50
LONGEST_DAYS: Final = 3_650
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a key to be."""

    name: str
    scopes: frozenset[Scope]
    days: int | None
    """None for a key that lives until it is removed."""


def digest_of(key: str) -> str:
    """What is kept of a key. It holds 256 bits of chance: no slow hash would protect it better."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def make_key(keys: Keys, owner: str, role: Role, wish: Wish) -> tuple[str, ApiKey]:
    """A new key, and what is known about it from now on. Raise `InvalidInput` for a wish that no
    key can be, and `NotAuthorized` if the role may not do all that the key should."""
    if not (1 <= len(wish.name) <= 100 and wish.name.isprintable()):
        raise InvalidInput(
            "expected a name of 1 to 100 visible characters, got another", pointer="/name"
        )
    if not wish.scopes:
        raise InvalidInput("expected at least one scope, got none", pointer="/scopes")
    if wish.days is not None and not 1 <= wish.days <= LONGEST_DAYS:
        raise InvalidInput(
            f"expected a life of 1 to {LONGEST_DAYS:,} days, or one without an end, got {wish.days}"
            " days",
            pointer="/expires_in_days",
        )
    if beyond := wish.scopes - (GRANTS[role] & GRANTABLE):
        raise NotAuthorized(
            f"Not authorized: no key of a {role} has the scope {', '.join(sorted(beyond))}"
        )
    key = PREFIX + secrets.token_urlsafe(32)
    made = keys.add(
        owner,
        wish.name,
        key_id=new_id(),
        digest=digest_of(key),
        scopes=wish.scopes,
        lifetime=None if wish.days is None else wish.days * DAY,
        most=MOST,
    )
    return key, made


def remove_key(keys: Keys, owner: str, key_id: str) -> None:
    """Remove a key of the owner's. Raise `NotFound`, or `NotAuthorized` if it is another's."""
    found = keys.get(key_id)
    if found is None:
        raise NotFound("expected the id of a key of yours, got another")
    if found.owner != owner:
        raise NotAuthorized("Not authorized")
    keys.remove(key_id)
