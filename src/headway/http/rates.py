"""How fast each user may ask, in this process."""

import time
from typing import Final

from headway.errors import UserLimit

BURST_SECONDS: Final = 2.0
"""Whoever was quiet may ask for so many seconds' worth at once."""
_SMALLEST_BURST: Final = 10.0
_MOST_USERS: Final = 10_000
"""Remembered at a time; those who were quiet long enough are forgotten then."""


class Rates:
    """A token bucket for each user, kept as the one moment when it will be full again."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._cost = 1.0 / per_second
        self._burst = max(BURST_SECONDS, _SMALLEST_BURST / per_second)
        self._full_at: dict[str, float] = {}

    def check(self, user: str) -> None:
        """Count one request. Raise `UserLimit`, and count nothing, when it comes too soon."""
        now = time.monotonic()
        full_at = max(self._full_at.get(user, 0.0), now) + self._cost
        early = full_at - now - self._burst
        if early > 0:
            raise UserLimit(
                f"expected at most {self._per_second:g} requests a second of one user"
                " (HEADWAY_MAX_REQUESTS_PER_SECOND), got more; wait a moment",
                code="too_many_requests",
                limit=self._per_second,
                current=round(self._per_second * (1 + early / self._burst), 1),
                retry_after=early,
            )
        if len(self._full_at) >= _MOST_USERS and user not in self._full_at:
            self._full_at = {one: at for one, at in self._full_at.items() if at > now}
        self._full_at[user] = full_at
