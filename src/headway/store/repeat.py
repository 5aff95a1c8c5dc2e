"""Transactions that the database ended for the sake of another: done again, from the start."""

import functools
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from headway.errors import GaveWay
from headway.retry import Backoff

TIMES: Final = 3
"""How often what gave way is tried again. A deadlock is found after a second, so this takes four at
most: still below a worker's lease."""

_PAUSES: Final = Backoff(base=0.02, cap=0.5)

T = TypeVar("T")


def repeating(part: type[T]) -> type[T]:
    """A part of the store whose methods come again, up to `TIMES`, when they had to give way.

    Each is one transaction at most, and makes all it writes from its arguments: so nothing was
    written, and nothing is left of the first time.
    """
    for name, method in list(vars(part).items()):
        if callable(method) and not name.startswith("_"):
            setattr(part, name, _repeated(method))
    return part


def _repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def repeated(*args: Any, **kwargs: Any) -> Any:
        for number in range(TIMES):
            with suppress(GaveWay):
                return method(*args, **kwargs)
            time.sleep(_PAUSES.delay(number))  # else both would meet again at the same place
        return method(*args, **kwargs)

    return repeated
