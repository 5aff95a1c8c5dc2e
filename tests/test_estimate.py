"""How long a job may still take, by what was seen lately."""

import pytest

from headway.estimate import Durations, until_due, while_running, while_waiting

STEADY = Durations(count=10, seconds=100.0, squares=1000.0)
"""Ten jobs of ten seconds each."""


def test_what_is_left_is_told_by_the_rate() -> None:
    """Half is done, a percent a second: some fifty seconds."""
    span = while_running(50.0, [(20.0, 20.0), (10.0, 10.0)])
    assert span is not None
    assert span.low == pytest.approx(45.0)
    assert span.high == pytest.approx(55.0)


def test_a_rate_that_changes_widens_the_range() -> None:
    """From the fastest to the slowest stretch."""
    span = while_running(50.0, [(30.0, 15.0), (10.0, 10.0)])
    assert span is not None
    assert [span.low, span.high] == pytest.approx([45.0, 110.0])


@pytest.mark.parametrize("stretches", [[], [(10.0, 0.0)], [(0.1, 50.0)], [(10.0, -5.0)]])
def test_nothing_is_told_while_nothing_is_known(stretches: list[tuple[float, float]]) -> None:
    """No stretch, none in which anything was gained, none that was long enough."""
    assert while_running(50.0, stretches) is None


def test_a_silent_job_is_given_more_time() -> None:
    """The same gain over a longer time is a lower rate."""
    soon, later = while_running(50.0, [(10.0, 10.0)]), while_running(50.0, [(40.0, 10.0)])
    assert soon is not None
    assert later is not None
    assert later.low > soon.high


def test_who_waits_longer_has_more_before_him() -> None:
    """With two slots the first begins at once, the tenth after several rounds."""
    first, tenth = while_waiting(1, 2, STEADY), while_waiting(10, 2, STEADY)
    assert first is not None
    assert tenth is not None
    assert first.low == pytest.approx(9.0)
    assert tenth.low == pytest.approx(9.0 * 5)
    assert tenth.high == pytest.approx(11.0 * 6)


def test_a_wait_is_unknown_without_a_past_or_a_slot() -> None:
    """Nobody can tell when a job ends whose kind never did, or that nobody would run."""
    assert while_waiting(1, 2, Durations()) is None
    assert while_waiting(1, 0, STEADY) is None
    assert until_due(5.0, Durations()) is None


def test_a_job_that_is_not_due_takes_its_time_and_then_the_usual() -> None:
    """Sixty seconds until it is due, then ten."""
    span = until_due(60.0, STEADY)
    assert span is not None
    assert [span.low, span.high] == pytest.approx([69.0, 71.0])


def test_uneven_durations_widen_the_range() -> None:
    """One second or nineteen: ten, nine either way, and a tenth for doubt."""
    usual = Durations(count=2, seconds=20.0, squares=362.0).usual
    assert usual is not None
    assert [usual.low, usual.high] == pytest.approx([0.0, 20.0])
