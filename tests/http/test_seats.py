"""A user has so many streams and no more; the others have theirs."""

import pytest

from headway.http.seats import Seats, TooManyStreams


def test_a_user_has_so_many_seats() -> None:
    """One more is refused with the limit, and room is made by leaving."""
    seats = Seats(2)
    seats.take("ann")
    seats.take("ann")
    with pytest.raises(TooManyStreams, match="at most 2 open streams") as refused:
        seats.take("ann")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "5")
    assert refused.value.more == {"limit": 2, "current": 2}
    seats.leave("ann")
    seats.take("ann")


def test_one_user_s_seats_are_none_of_another_s() -> None:
    """Each user is counted alone, and a block gives its seat back."""
    seats = Seats(1)
    with seats.one("ann"):
        seats.check("bob")
        with pytest.raises(TooManyStreams):
            seats.check("ann")
    seats.check("ann")
