"""How many are let in is learned from how long they take."""

from headway.http.pace import FEWEST, LONG, SHORT, WINDOW_SECONDS, Pace


def windows(pace: Pace, seconds: float, crowd: int, count: int, begin: float = 0.0) -> float:
    """Requests in so many windows, each of them of so many seconds."""
    now = begin
    for _ in range(count):
        for _ in range(5):
            pace.took(seconds, crowd, now)
        now += WINDOW_SECONDS
    return now


def test_a_process_that_has_not_been_asked_lets_in_all_it_may() -> None:
    assert Pace(512).bound == 512


def test_a_crowd_that_takes_long_lets_fewer_in() -> None:
    """Down to what long requests need as well, and not below."""
    pace = Pace(512)
    now = windows(pace, 2 * LONG, 400, 2)
    assert pace.bound == 200
    for _ in range(10):
        now = windows(pace, 2 * LONG, pace.bound, 1, now)
    assert pace.bound == FEWEST


def test_a_single_long_request_among_short_ones_changes_nothing() -> None:
    pace = Pace(512)
    for number in range(20):
        pace.took(2 * LONG if number == 7 else 0.0, 400, 0.0)
    pace.took(0.0, 1, WINDOW_SECONDS)
    assert pace.bound == 512


def test_short_requests_let_more_in_again() -> None:
    """Up to what the settings allow."""
    pace = Pace(512)
    now = windows(pace, 2 * LONG, 400, 50)
    windows(pace, SHORT / 2, 10, 100, now)
    assert pace.bound == 512


def test_a_setting_below_what_is_learned_holds() -> None:
    """Whoever allows eight gets eight."""
    pace = Pace(8)
    windows(pace, 2 * LONG, 400, 50)
    assert pace.bound == 8
