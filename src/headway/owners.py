"""Under whose name the service's own jobs for a user run.

They are in no list or stream of the user's, since they are not his; and each user has names of his
own for them, so that one user's thousand do not hold up another's, and that they go when he goes.
"""

from collections.abc import Sequence
from typing import Final

_SIGN: Final = "\x1f"
"""No user's name has such a character."""

DELIVERIES: Final = "deliveries"
QUESTIONS: Final = "questions"
"""Single predictions by a model of the user's own."""


def behind(user: str, purpose: str) -> str:
    """The owner of a user's jobs of this purpose."""
    return user + _SIGN + purpose


def user_of(owner: str) -> str:
    """The user an owner stands behind; himself, if he is one."""
    return owner.partition(_SIGN)[0]


def owners_of(user: str) -> Sequence[str]:
    """The user, and all that stand behind him."""
    return user, behind(user, DELIVERIES), behind(user, QUESTIONS)
