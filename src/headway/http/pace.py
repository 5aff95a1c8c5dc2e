"""How many requests a process can work on before each of them waits for the others.

Nobody can say that number for a machine and a load he does not know, so it is learned: from how
long requests are worked on. Whatever they wait for, the loop, a commit, a processor that others
have, is told by that.
"""

from typing import Final

WINDOW_SECONDS: Final = 0.1
"""What is learned at a time. One long request says nothing: somebody sent a megabyte."""
LONG: Final = 0.25
"""Mean seconds of the requests of a window, from which on fewer are let in."""
SHORT: Final = 0.125
"""Below it, more are."""
FEWEST: Final = 64
"""However long they take: requests that are long by themselves come in smaller crowds."""
_MORE: Final = 1.1


class Pace:
    """The bound on what is in flight, between the fewest and `most`: lower while a crowd takes long,
    and higher again when it does not."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bound = most
        self._ends = 0.0
        self._requests = 0
        self._seconds = 0.0
        self._crowd = 0

    def took(self, seconds: float, crowd: int, now: float) -> None:
        """A request was worked on for so long, one of a crowd at its end."""
        if now >= self._ends:
            self._learn()
            self._ends = now + WINDOW_SECONDS
            self._requests, self._seconds, self._crowd = 0, 0.0, 0
        self._requests += 1
        self._seconds += seconds
        self._crowd = max(self._crowd, crowd)

    def _learn(self) -> None:
        if not self._requests:
            return
        mean = self._seconds / self._requests
        if mean > LONG:
            # By Little's law: who passes at the same rate in a smaller crowd takes that much less.
            crowd = int(self._crowd * LONG / mean)
            self.bound = min(self.bound, max(FEWEST, crowd))
        elif mean < SHORT:
            self.bound = min(self.most, int(self.bound * _MORE) + 1)
