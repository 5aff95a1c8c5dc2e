"""When to try again: pure numbers, shared by the worker and the client."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter.

    The delay before retry `n` (the first is 0) is uniform in [0, min(cap, base * 2**n)] seconds.
    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    base: float = 1.0
    cap: float = 300.0

    def __post_init__(self) -> None:
        if not (0 <= self.base <= self.cap):
            raise ValueError(f"expected 0 <= base <= cap, got: base={self.base}, cap={self.cap}")

    def ceiling(self, retry: int) -> float:
        """The longest delay before this retry, in seconds."""
        # 2.0**1024 overflows; past 2**64 any sensible base has met its cap long ago.
        return min(self.cap, self.base * 2.0 ** min(retry, 64))

    def delay(self, retry: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
        """A delay before this retry, in seconds, drawn anew at each call."""
        return uniform(0.0, self.ceiling(retry))
