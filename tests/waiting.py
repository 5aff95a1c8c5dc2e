"""Waiting for a sign, at most so long: the one place where the tests sleep between two looks."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 60.0
"""Seconds that what is done at once may take on a machine that is busy with other things. How fast it
is where nothing else runs is shown by the fault matrix: `scripts/bench crash`."""
A_START: Final = 180.0
"""Seconds that a service may take there until it answers: it imports much, as others do beside it."""


def eventually(look: Callable[[], T], *, within: float = AT_ONCE) -> T:
    """What `look` gives as soon as that is true; fail when it does not come."""
    deadline = time.monotonic() + within
    pause = 0.001
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not come within {within:g} s: {found!r}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return found
