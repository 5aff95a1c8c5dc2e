"""How many streams each user has open, in this process."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from headway.http.problems import Refused

RETRY_SECONDS = "5"


class TooManyStreams(Refused):
    """The user has as many streams open as he may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_streams",
            f"expected at most {most} open streams of one user (HEADWAY_MAX_STREAMS), got one"
            " more; close one, or watch all jobs on one stream: /api/v1/jobs/stream",
            headers={"Retry-After": RETRY_SECONDS},
            more={"limit": most, "current": most},
        )


class Seats:
    """Gives out places for streams. One user's thousand streams must not cost the others theirs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, user: str) -> Iterator[None]:
        """A place for as long as the block runs. Raise `TooManyStreams`."""
        self.take(user)
        try:
            yield
        finally:
            self.leave(user)

    def take(self, user: str) -> None:
        """Take a place, to be given back with `leave`. Raise `TooManyStreams`."""
        with self._lock:
            if self._taken[user] >= self._most:
                raise TooManyStreams(self._most)
            self._taken[user] += 1

    def leave(self, user: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[user] -= 1
            if self._taken[user] <= 0:
                del self._taken[user]

    @property
    def taken(self) -> int:
        """How many places are taken, by all users."""
        with self._lock:
            return self._taken.total()

    def check(self, user: str) -> None:
        """Raise `TooManyStreams` if there is no place now."""
        with self._lock:
            if self._taken[user] >= self._most:
                raise TooManyStreams(self._most)
