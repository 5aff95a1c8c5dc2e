"""How long a job may still take, by what was seen lately."""

from math import inf

import pytest

from headway.estimate import (
    UNKNOWN,
    Durations,
    Pool,
    Queued,
    Work,
    until_due,
    while_running,
    while_waiting,
)

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


BOTH = frozenset({"train", "predict"})
KINDS = {"train": STEADY, "predict": Durations(count=4, seconds=8.0, squares=16.0)}
"""Ten seconds each, or two."""


def line(*operations: str) -> list[Queued]:
    return [Queued(5, turn, turn, name) for turn, name in enumerate(operations, 1)]


def ends(jobs: list[Queued], *pools: Pool, out_of_sight: tuple[Queued, ...] = ()) -> list[float]:
    found = while_waiting(jobs, pools, KINDS, out_of_sight)
    return [found[one.seq].seconds for one in jobs if one.seq in found]


def test_a_free_slot_is_taken_at_once() -> None:
    """With two slots the first two begin now, the next two when those have ended."""
    assert ends(line(*["train"] * 4), Pool(BOTH, 2)) == [10.0, 10.0, 20.0, 20.0]


def test_each_job_before_takes_the_time_of_its_kind() -> None:
    """On one slot they add up; on two, the short ones pass while the long one runs."""
    jobs = line("train", "predict", "predict", "train")
    assert ends(jobs, Pool(BOTH, 1)) == [10.0, 12.0, 14.0, 24.0]
    assert ends(jobs, Pool(BOTH, 2)) == [10.0, 2.0, 4.0, 14.0]


def test_a_busy_slot_is_taken_when_it_is_free() -> None:
    """What runs there now has its own time left; more that runs than there are slots adds none."""
    assert ends(line("predict"), Pool(BOTH, 1, [Work(7.0)])) == [9.0]
    assert ends(line("predict"), Pool(BOTH, 2, [Work(7.0)])) == [2.0]
    assert ends(line("predict"), Pool(BOTH, 1, [Work(3.0), Work(7.0)])) == [9.0]


def test_only_slots_that_run_its_operation_are_for_a_job() -> None:
    """What waits elsewhere takes none of its time; what nobody runs has no end."""
    pools = Pool(frozenset({"train"}), 1), Pool(frozenset({"predict"}), 1)
    assert ends(line("train", "train", "predict"), *pools) == [10.0, 20.0, 2.0]
    assert ends(line("unheard of"), *pools) == []
    assert ends(line("train"), Pool(BOTH, 0)) == []


def test_behind_what_nobody_knows_nobody_knows() -> None:
    """A slot that it takes is never free again, as far as one can tell; another one is."""
    jobs = line("new", "predict")
    both = frozenset({"new", "predict"})
    assert ends(jobs, Pool(both, 1)) == [inf, inf]
    assert ends(jobs, Pool(both, 2)) == [inf, 2.0]
    assert UNKNOWN.span() is None


def test_more_than_was_looked_at_is_of_unknown_length() -> None:
    """So what stands behind it is told nothing."""
    jobs = line("train", "predict")
    assert ends(jobs, Pool(BOTH, 2), out_of_sight=(jobs[0],)) == [10.0, inf]


def test_the_range_widens_with_every_uneven_job_before() -> None:
    """By the root of their number: what one takes longer, another takes less."""
    uneven = {"job": Durations(count=2, seconds=20.0, squares=218.0)}  # seven seconds or thirteen
    jobs = line(*["job"] * 9)
    found = while_waiting(jobs, [Pool(frozenset({"job"}), 1)], uneven)
    assert found[9].seconds == pytest.approx(90.0)
    assert found[9].variance == pytest.approx(9 * found[1].variance)
    span = found[9].span()
    assert span is not None
    assert [span.low, span.high] == pytest.approx([90 - 9 - 9, 90 + 9 + 9])


def test_a_running_job_of_a_kind_takes_what_its_kind_takes() -> None:
    """Less what it has run; and who has outlived his kind tells nothing."""
    assert STEADY.rest(4.0).seconds == pytest.approx(6.0)
    assert STEADY.rest(10.5).seconds == 0.0
    assert STEADY.rest(60.0) == UNKNOWN
    assert Durations().rest(1.0) == UNKNOWN


def test_a_wait_is_unknown_without_a_past() -> None:
    """Nobody can tell when a job ends whose kind never did."""
    assert until_due(5.0, Durations()) is None


def test_a_job_that_is_not_due_takes_its_time_and_then_the_usual() -> None:
    """Sixty seconds until it is due, then ten."""
    span = until_due(60.0, STEADY)
    assert span is not None
    assert [span.low, span.high] == pytest.approx([69.0, 71.0])


def test_uneven_durations_widen_the_range() -> None:
    """One second or nineteen: ten, nine either way, and a tenth for doubt."""
    usual = Durations(count=2, seconds=20.0, squares=362.0).work.span()
    assert usual is not None
    assert [usual.low, usual.high] == pytest.approx([0.0, 20.0])
