"""Where connections wait that were refused, before they are read from again.

Who comes back when he was told to notices little of it. Who asks again at once would be refused
for nothing, as often as he can ask; and since a refusal costs a tenth of an answer, ten times the
load would leave no time for answers at all. How many answers there are in a second is for the
machine to say: on a tenth of a core, as many refusals as a whole one bears would be most of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from operator import sub
from typing import Final

from headway.http.in_flight import InFlight

REST_SECONDS: Final = 0.25
"""At least so long."""
MOST_A_SECOND: Final = 1_000
"""No more are read from again, so that refusing leaves most of a core to answers."""
REFUSALS_AN_ANSWER: Final = 0.5
"""Fewer, while there are refusals: so that they take a twentieth of the time of answers, ..."""
LEAST_A_SECOND: Final = 100
"""... but no fewer than this, however slow the answers are, ..."""
LONGEST_SECONDS: Final = 20.0
"""... nor than all who rest in so long. Clients give up after half a minute, and that one has hung
up is not seen before he is read from."""
_TICK: Final = 0.05


class Cooldown:
    """A line of those who rest; first in, first out. Of one event loop."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._resting: deque[tuple[float, Callable[[], None]]] = deque()
        self._seen = (0.0, 0, 0)
        """When it was last asked how many may go on, and how many had been answered and refused."""

    def rest(self, go_on: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Call back after the rest, when it is this one's turn."""
        self._resting.append((loop.time() + REST_SECONDS, go_on))
        if len(self._resting) == 1:
            self._most_by(loop.time())
            loop.call_later(REST_SECONDS, self._rise, loop)

    def _rise(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        most = self._most_by(now)
        while most > 0 and self._resting and self._resting[0][0] <= now:
            _, go_on = self._resting.popleft()
            go_on()
            most -= 1
        if self._resting:
            loop.call_later(_TICK, self._rise, loop)

    def _most_by(self, now: float) -> int:
        """How many may go on for what was done since this was asked last."""
        before, self._seen = self._seen, (now, self._in_flight.answered, self._in_flight.refused)
        return most_after(*map(sub, self._seen, before), resting=len(self._resting))


def most_after(seconds: float, answered: int, refused: int, *, resting: int) -> int:
    """How many of those who rest may be read from again after so long, in which so many were
    answered and refused."""
    most = seconds * MOST_A_SECOND
    if refused:
        least = seconds * max(LEAST_A_SECOND, resting / LONGEST_SECONDS)
        most = min(most, max(least, answered * REFUSALS_AN_ANSWER))
    return int(most)
