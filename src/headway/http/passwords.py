"""Passwords: argon2id, a few at a time, and no answer that tells whether a user exists."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pwdlib import PasswordHash

LONGEST: Final = 1_024

_AT_A_TIME: Final = 2
"""Each hash takes 64 MiB and a tenth of a second of one core."""

NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$H0LPLMVOxVwnScVkNzS5wA$"
    "rD9+JjI8jJCzKYcM1jt4qc6iuZJTYZFzRiyA+qTwDQo"
)
"""The hash of a password nobody knows, verified for users that do not exist."""


def hashed(password: str) -> str:
    """The hash to keep, for who can wait a tenth of a second."""
    return PasswordHash.recommended().hash(password)


class Passwords:
    """Hashes and verifies on two threads of its own, for whichever event loop asks."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="headway-password")

    async def hash_aside(self, password: str) -> str:
        """The hash to keep, computed off the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether this is the password; as slow, and False, when there is no such user."""
        loop = asyncio.get_running_loop()
        asked = password[:LONGEST]
        same = await loop.run_in_executor(self._threads, self._hasher.verify, asked, kept or NOBODY)
        return same and kept is not None and len(password) <= LONGEST

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
