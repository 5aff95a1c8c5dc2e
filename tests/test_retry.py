"""Backoff: bounds, spread, and no overflow."""

import random
from statistics import fmean

import pytest

from headway.retry import Backoff


@pytest.mark.parametrize(
    ("retry", "ceiling"), [(0, 1.0), (1, 2.0), (5, 32.0), (8, 256.0), (9, 300.0), (2000, 300.0)]
)
def test_the_longest_delay_doubles_up_to_the_cap(retry: int, ceiling: float) -> None:
    assert Backoff(base=1.0, cap=300.0).ceiling(retry) == ceiling


@pytest.mark.parametrize("retry", [0, 3, 20])
def test_delays_are_spread_evenly_below_the_longest(retry: int) -> None:
    """Full jitter: all within, half of it on average, so that a crowd does not come back at once."""
    backoff, uniform = Backoff(base=0.5, cap=60.0), random.Random(7).uniform
    delays = [backoff.delay(retry, uniform) for _ in range(10_000)]
    ceiling = backoff.ceiling(retry)
    assert all(0 <= delay <= ceiling for delay in delays)
    assert fmean(delays) == pytest.approx(ceiling / 2, rel=0.03)
    assert len(set(delays)) > 9_000


def test_without_a_base_there_is_no_delay() -> None:
    assert Backoff(base=0, cap=0).delay(1000) == 0.0


@pytest.mark.parametrize(
    ("base", "cap"), [(-1.0, 5.0), (6.0, 5.0), (float("nan"), 5.0), (1.0, float("nan"))]
)
def test_numbers_that_make_no_sense_are_refused(base: float, cap: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= base <= cap, got: base="):
        Backoff(base=base, cap=cap)


def test_the_delay_is_drawn_anew_each_time() -> None:
    backoff = Backoff(base=10.0, cap=10.0)
    assert len({backoff.delay(0) for _ in range(20)}) > 1
