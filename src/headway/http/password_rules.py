"""Which passwords may be chosen, wherever one is: long enough, and none that is tried first."""

import unicodedata
from typing import Final

from headway.errors import InvalidInput
from headway.http.accounts import DEMO_USERS
from headway.http.passwords import LONGEST
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
