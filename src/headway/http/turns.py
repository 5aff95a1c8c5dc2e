"""Whose requests are worked on: while somebody else is there, a few of each user's at a time.

Requests of one user that come all at once would each be a step ahead of whatever another one asks:
he would wait for all of them, again at each step of his own. So the others of the many wait in a
line of their user's, and cost the loop nothing there. Who is alone takes all there is.
"""

import asyncio
import threading
from collections import deque
from time import monotonic
from typing import Final

from headway.errors import UserLimit

SHARE: Final = 4
"""Requests of a user that are at work while others are there."""
MOST_WAITING: Final = 128
"""Requests of a user in his line. Whoever sends more would wait for longer than he likes to."""
THERE_SECONDS: Final = 1.0
"""Somebody is there for so long after he asked."""
_MOST_USERS: Final = 10_000
"""Whose credentials are remembered."""

_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Turns:
    """Who is at work and who waits. Requests of several event loops may come at a time."""

    def __init__(self) -> None:
        self._at_work: dict[str, int] = {}
        self._lines: dict[str, deque[_Waiter]] = {}
        self._lock = threading.Lock()
        self._last = ""
        self._other_at = float("-inf")
        """When somebody else than the last one was there."""
        self._last_at = float("-inf")
        self._known: dict[int, str] = {}
        self.waiting = 0

    async def take(self, user: str) -> None:
        """Return when it is the turn of one more request of this user. Raise `UserLimit` when too
        many wait for theirs."""
        with self._lock:
            waiter = self._line_up(user)
        if waiter is None:
            return
        try:
            await waiter[1]
        except BaseException:
            with self._lock:
                self._leave_line(user, waiter)
            raise

    def enter(self, user: str) -> None:
        """One request of this user is at work."""
        with self._lock:
            self._at_work[user] = self._at_work.get(user, 0) + 1

    def leave(self, user: str) -> None:
        """It is no more: the next in line may."""
        with self._lock:
            left = self._at_work[user] - 1
            if left:
                self._at_work[user] = left
            else:
                del self._at_work[user]
            if user in self._lines:
                self._call(user, SHARE - left)

    def introduce(self, credential: bytes, user: str) -> None:
        """This is how the user's requests are recognised before anybody checks them."""
        if len(self._known) >= _MOST_USERS:
            self._known.clear()
        self._known[hash(credential)] = user

    def has_share(self, credential: bytes) -> bool:
        """Whether whoever sends this has less than his share at work, and nothing in line. Of whom
        nobody knows, he has: else nobody could sign in beside somebody who takes all there is."""
        user = self._known.get(hash(credential))
        if user is None:
            return True
        return self._at_work.get(user, 0) < SHARE and user not in self._lines

    def _line_up(self, user: str) -> _Waiter | None:
        """A place in the user's line, or None if his request need not wait."""
        alone = self._is_alone(user)
        line = self._lines.get(user)
        if line is None and (alone or self._at_work.get(user, 0) < SHARE):
            return None
        if line is None:
            line = self._lines[user] = deque()
        if len(line) >= MOST_WAITING:
            raise UserLimit(
                f"expected at most {SHARE} requests of one user at work while others are there, and"
                f" {MOST_WAITING} that wait for their turn, got one more; wait for their answers",
                code="too_many_at_once",
                limit=SHARE + MOST_WAITING,
                current=self._at_work.get(user, 0) + len(line),
                retry_after=1.0,
            )
        loop = asyncio.get_running_loop()
        waiter = (loop, loop.create_future())
        line.append(waiter)
        self.waiting += 1
        return waiter

    def _is_alone(self, user: str) -> bool:
        """Whether nobody else was there lately. Notes that this user is."""
        now = monotonic()
        if user != self._last:
            self._other_at = self._last_at
            self._last = user
        self._last_at = now
        return now - self._other_at > THERE_SECONDS

    def _call(self, user: str, most: int) -> None:
        """Wake so many of a user's line; all of them, once he is alone."""
        line = self._lines[user]
        if self._last == user and monotonic() - self._other_at > THERE_SECONDS:
            most = len(line)
        while line and most > 0:
            loop, future = line.popleft()
            self.waiting -= 1
            most -= 1
            loop.call_soon_threadsafe(_wake, future)
        if not line:
            del self._lines[user]

    def _leave_line(self, user: str, waiter: _Waiter) -> None:
        """Whoever waited has gone: he stands in nobody's way, and hands on a turn he was given."""
        line = self._lines.get(user)
        if line is None:
            return
        if waiter in line:
            line.remove(waiter)
            self.waiting -= 1
            if not line:
                del self._lines[user]
        else:
            self._call(user, 1)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
