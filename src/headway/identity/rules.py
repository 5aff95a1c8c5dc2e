"""What a user may be called, and which passwords may be chosen: by whatever door."""

import unicodedata
from typing import Final

from headway.errors import InvalidInput
from headway.identity.demo import DEMO_USERS
from headway.identity.hashing import LONGEST
from headway.strength import is_guessable

SHORTEST: Final = 8


def check_password(password: str, name: str, *, pointer: str = "") -> None:
    """Raise `InvalidInput` unless this may be the user's password. Any characters may be in it,
    and all of them count."""
    length = len(unicodedata.normalize("NFKC", password))
    if length < SHORTEST or len(password) > LONGEST:
        raise InvalidInput(
            f"expected a password of {SHORTEST} to {LONGEST} characters, got {length}",
            pointer=pointer,
        )
    if password in DEMO_USERS.values():
        raise InvalidInput(
            "expected a password of your own, got one that is published", pointer=pointer
        )
    if is_guessable(password, names=(name,)):
        raise InvalidInput(
            "expected a password that is not among the first to be tried, got a common word, a name"
            " or a row of keys with little beside it; a few words of your own are good",
            pointer=pointer,
        )


ANONYMOUS: Final = "anonymous"
"""Owns what is imported without a token, which development mode allows."""
LONGEST_NAME: Final = 200
RESERVED: Final = frozenset({"me", ANONYMOUS, "bundled"})
"""What stands for something else where a name could stand."""


def check_name(name: str, *, pointer: str = "") -> None:
    """Raise `InvalidInput` unless a new user may be called so: names that look alike are one name,
    and each can stand in an address and in a reference."""
    fits = (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
        and name == unicodedata.normalize("NFKC", name)
        and not set(name) & set("/:?#\\")
        and name.casefold() not in RESERVED
        and set(name) != {"."}
    )
    if not fits:
        raise InvalidInput(
            f"expected a name of 1 to {LONGEST_NAME} visible characters, without / : ? # \\ and none"
            f" of {', '.join(sorted(RESERVED))}, got: {name[:80]!r}",
            pointer=pointer,
        )
