"""Passwords: argon2id, a few at a time, and no answer that tells whether a user exists."""

import asyncio
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Final, TypeVar

from pwdlib import PasswordHash

from headway.http.problems import Refused

LONGEST: Final = 1_024

AT_A_TIME: Final = 2
"""Each hash takes 64 MiB and a tenth of a second of one core."""
MOST_WAITING: Final = 128
"""Beyond it whoever asks is sent away at once: he would wait for longer than clients do."""
RETRY_SECONDS: Final = "5"

NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$H0LPLMVOxVwnScVkNzS5wA$"
    "rD9+JjI8jJCzKYcM1jt4qc6iuZJTYZFzRiyA+qTwDQo"
)
"""The hash of a password nobody knows, verified for users that do not exist."""

_hasher: Final = PasswordHash.recommended()

T = TypeVar("T")


def hashed(password: str) -> str:
    """The hash to keep, for who can wait a tenth of a second."""
    return _hasher.hash(_bytes(password))


def verified(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether this is the password; and its new hash, where the kept one is weaker than those made
    today. As slow, and False, when nobody has that password."""
    same, renewed = _hasher.verify_and_update(_bytes(password[:LONGEST]), kept or NOBODY)
    known = same and kept is not None and len(password) <= LONGEST
    return known, renewed if known else None


def _bytes(password: str) -> bytes:
    """All of it: one keyboard's é is two characters, another's one. What no text is, is no error
    here, but a password that nobody has."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Busy(Refused):
    """More passwords wait to be checked than can be in good time."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "busy",
            f"expected at most {MOST_WAITING} sign-ins to wait for their turn, got one more; try"
            " again",
            headers={"Retry-After": RETRY_SECONDS},
        )


class Passwords:
    """Runs what hashes on two threads of its own, for whichever event loop asks."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="headway-password")
        self._lock = threading.Lock()
        self._pending = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What the work returns, done off the loop. Raise `Busy` when too many wait already."""
        with self._lock:
            if self._pending >= AT_A_TIME + MOST_WAITING:
                raise Busy
            self._pending += 1
        future = self._threads.submit(work)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: "Future[T]") -> None:
        with self._lock:
            self._pending -= 1
