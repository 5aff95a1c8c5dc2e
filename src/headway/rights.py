"""What each role may do, and what a key can be limited to. Pure words, for every layer."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    """One thing a caller may do. Each call needs exactly one of them."""

    READ = "read"
    """Look at what is one's own, or shared."""
    SUBMIT = "submit"
    """Make, change, cancel and delete what is one's own; ask for predictions."""
    OPERATE = "operate"
    """Look at what goes on for everybody, and steer it."""
    ADMIN = "admin"
    """Make, change and remove users."""
    ACCOUNT = "account"
    """Change one's password, end one's tokens, make keys, remove one's account. No key has it."""


class Role(StrEnum):
    """What somebody is to this service."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


_OF_USERS: Final = frozenset({Scope.READ, Scope.SUBMIT, Scope.ACCOUNT})

GRANTS: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.USER: _OF_USERS,
        Role.OPERATOR: _OF_USERS | {Scope.OPERATE},
        Role.ADMIN: _OF_USERS | {Scope.OPERATE, Scope.ADMIN},
    }
)
"""What a role may do. No role reads what belongs to others: their inputs, results and models."""

GRANTABLE: Final = frozenset(Scope) - {Scope.ACCOUNT}
"""What a key can be given, if the role of whom it belongs to has it."""
