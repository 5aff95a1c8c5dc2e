"""Where connections wait that were refused, before they are read from again.

Who comes back when he was told to notices little of it. Who asks again at once would be refused
for nothing, as often as he can ask; and since a refusal costs a tenth of an answer, ten times the
load would leave no time for answers at all.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

REST_SECONDS: Final = 0.25
"""At least so long."""
MOST_A_SECOND: Final = 1_000
"""No more are read from again, so that refusing leaves most of a core to answers."""
_TICK: Final = 0.05


class Cooldown:
    """A line of those who rest; first in, first out. Of one event loop."""

    def __init__(self) -> None:
        self._resting: deque[tuple[float, Callable[[], None]]] = deque()
        self._risen_at = 0.0

    def rest(self, go_on: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Call back after the rest, when it is this one's turn."""
        self._resting.append((loop.time() + REST_SECONDS, go_on))
        if len(self._resting) == 1:
            self._risen_at = loop.time()
            loop.call_later(REST_SECONDS, self._rise, loop)

    def _rise(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        most = int((now - self._risen_at) * MOST_A_SECOND)
        self._risen_at = now
        while most > 0 and self._resting and self._resting[0][0] <= now:
            _, go_on = self._resting.popleft()
            go_on()
            most -= 1
        if self._resting:
            loop.call_later(_TICK, self._rise, loop)
