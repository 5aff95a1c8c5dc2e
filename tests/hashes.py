"""Hashes of passwords for tests that are not about what they cost."""

from typing import Final

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from headway.identity import hashing

LIGHT: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
_NOBODY: Final = LIGHT.hash("nobody knows")


def lighten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process hash in a millisecond. What the true hash costs is looked at in
    tests/identity/test_passwords."""
    monkeypatch.setattr(hashing, "HASHER", LIGHT)
    monkeypatch.setattr(hashing, "NOBODY", _NOBODY)
