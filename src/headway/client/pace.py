"""How often to look at what changes when it likes, and how long to wait for who is away."""

import math
from dataclasses import dataclass
from typing import Final

from headway.client.errors import ClientError, StillRunning
from headway.client.retry.trial import Wait
from headway.client.session import Session, passes


@dataclass(frozen=True, slots=True)
class Intervals:
    """How long to wait between looks: longer while nothing changes, and anew when something has."""

    shortest: float
    longest: float
    growth: float

    def first(self) -> float:
        """Seconds to wait after a change."""
        return self.shortest

    def next(self, wait: float) -> float:
        """Seconds to wait after a look that showed nothing new; `wait` was the last."""
        return min(self.longest, wait * self.growth)


POLLING: Final = Intervals(shortest=1.0, longest=8.0, growth=2.0)
OUTAGE: Final = Intervals(shortest=0.2, longest=5.0, growth=1.7)


class Patience:
    """How long an outage is waited for, at most up to a timeout; each sign of life starts it anew."""

    def __init__(self, session: Session, timeout: float | None = None) -> None:
        self._clock = session.retrier.clock
        self._until = math.inf if timeout is None else self._clock.monotonic() + timeout
        self._uniform = session.retrier.uniform
        self._seconds = session.patience
        self._since: float | None = None
        self._wait = OUTAGE.first()

    def restored(self) -> None:
        """Something answered."""
        self._since = None
        self._wait = OUTAGE.first()

    def outlast(self, error: ClientError) -> Wait:
        """The wait before the next look. Raise the error when the outage has lasted too long."""
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        if not passes(error) or now >= min(self._since + self._seconds, self._until):
            raise error
        wait, self._wait = self._wait, OUTAGE.next(self._wait)
        asked = getattr(error, "retry_after", None) or 0.0
        # Not all at the same time: whoever watched a service that restarts, waits for it now.
        seconds = max(self._uniform(wait / 2, wait), min(asked, OUTAGE.longest))
        return Wait(min(seconds, self._until - now))


def still_running(job_id: str, seconds: float) -> StillRunning:
    """The error for who does not want to wait any longer."""
    return StillRunning(
        f"expected job {job_id} to end within {seconds:g} s, but it has not; it goes on: wait again,"
        " or cancel it"
    )
