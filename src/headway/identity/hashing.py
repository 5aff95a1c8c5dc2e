"""Hashes of passwords: argon2id, a few at a time, and as slow for a user that does not exist."""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from headway.errors import TooManySignIns

LONGEST: Final = 1_024

AT_A_TIME: Final = 2
"""Each hash takes 64 MiB and a tenth of a second of one core."""
NICENESS: Final = 5
"""Whoever signs in waits anyway; who is signed in should not notice."""
MOST_WAITING: Final = 128
"""Beyond it whoever asks is sent away at once: he would wait for longer than clients do."""
RETRY_SECONDS: Final = 5

NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=1$bJ3Y0zR+HedZoTKAr8wSmw$"
    "39Oud/h7dp5PXwi06TH7mT2kLHcoM/WjEsphaGvIQIw"
)
"""The hash of a password nobody knows, verified for users that do not exist."""

HASHER: Final = PasswordHash((Argon2Hasher(parallelism=1),))
"""64 MiB, 3 passes. Not more lanes than one: each is a thread of its own, so that two hashes would
be eight threads that compete with the event loop."""

Aside = Callable[[], AbstractContextManager[None]]
"""What is entered while a caller waits for something that costs the event loop nothing."""
T = TypeVar("T")


def hashed(password: str) -> str:
    """The hash to keep, for who can wait a tenth of a second."""
    return HASHER.hash(_bytes(password))


def verified(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether this is the password; and its new hash, where the kept one is weaker than those made
    today. As slow, and False, when nobody has that password."""
    same, renewed = HASHER.verify_and_update(_bytes(password[:LONGEST]), kept or NOBODY)
    known = same and kept is not None and len(password) <= LONGEST
    return known, renewed if known else None


def _bytes(password: str) -> bytes:
    """All of it: one keyboard's é is two characters, another's one. What no text is, is no error
    here, but a password that nobody has."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _give_way() -> None:
    """Let this thread have a core after those that answer."""
    if sys.platform == "linux":  # elsewhere the whole process would be meant
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class Hashing:
    """Runs what hashes on two threads of its own, for whichever event loop asks; who waits for
    that has entered `aside`."""

    def __init__(self, aside: Aside = nullcontext) -> None:
        self._aside = aside
        self._threads = ThreadPoolExecutor(
            AT_A_TIME, thread_name_prefix="headway-password", initializer=_give_way
        )
        self._lock = threading.Lock()
        self._pending = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What the work returns, done off the loop. Raise `TooManySignIns` when too many wait."""
        with self._lock:
            if self._pending >= AT_A_TIME + MOST_WAITING:
                raise _too_many()
            self._pending += 1
        future = self._threads.submit(work)
        future.add_done_callback(self._done)
        # The line has a bound of its own: its seconds must not count as work of the loop's.
        with self._aside():
            return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: "Future[T]") -> None:
        with self._lock:
            self._pending -= 1


def _too_many() -> TooManySignIns:
    return TooManySignIns(
        f"expected at most {MOST_WAITING} sign-ins to wait for their turn, got one more; try again",
        retry_after=RETRY_SECONDS,
    )
