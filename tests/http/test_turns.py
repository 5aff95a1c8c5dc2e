"""While others are there, a user's requests wait for each other, and not the others for them."""

import asyncio

import pytest

from headway.errors import UserLimit
from headway.http.in_flight import InFlight, Place
from headway.http.turns import MOST_WAITING, SHARE


@pytest.fixture
def in_flight() -> InFlight:
    """Alice and bob are both there."""
    return InFlight(512)


async def place_of(in_flight: InFlight, user: str) -> Place:
    """A place of this user's, whose turn it is."""
    place = Place(in_flight)
    try:
        await place.take_turn(user)
    except BaseException:
        place.end()  # as the border does
        raise
    return place


async def turns_of(in_flight: InFlight, user: str, count: int) -> list[asyncio.Task[Place]]:
    """Requests of a user that have come as far as they may."""
    tasks = [asyncio.ensure_future(place_of(in_flight, user)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def let_them_on() -> None:
    """Those who were called are awake after a few turns of the loop."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_is_alone_never_waits(in_flight: InFlight) -> None:
    tasks = await turns_of(in_flight, "alice", 300)
    assert all(one.done() for one in tasks)
    assert in_flight.count == 300


async def test_beside_others_a_few_are_at_work_and_the_rest_in_line(in_flight: InFlight) -> None:
    """They count as in flight all the same: somebody will have to answer them."""
    (await place_of(in_flight, "bob")).end()
    tasks = await turns_of(in_flight, "alice", 10)
    assert [one.done() for one in tasks] == [True] * SHARE + [False] * (10 - SHARE)
    assert (in_flight.count, in_flight.turns.waiting) == (SHARE, 10 - SHARE)
    for one in tasks:
        (await one).end()
    assert (in_flight.count, in_flight.turns.waiting) == (0, 0)


async def test_the_line_keeps_its_order(in_flight: InFlight) -> None:
    (await place_of(in_flight, "bob")).end()
    tasks = await turns_of(in_flight, "alice", SHARE + 3)
    for number in range(3):
        tasks[number].result().end()
        await let_them_on()
        assert [one.done() for one in tasks[SHARE:]] == [at <= number for at in range(3)]


async def test_nobody_waits_for_another_s_line(in_flight: InFlight) -> None:
    (await place_of(in_flight, "bob")).end()
    await turns_of(in_flight, "alice", 50)
    (task,) = await turns_of(in_flight, "bob", 1)
    assert task.done()


async def test_who_has_left_the_line_is_not_called(in_flight: InFlight) -> None:
    """A turn that was given to somebody who had just gone goes to the next one."""
    (await place_of(in_flight, "bob")).end()
    tasks = await turns_of(in_flight, "alice", SHARE + 3)
    tasks[SHARE].cancel()
    await let_them_on()
    assert in_flight.turns.waiting == 2
    tasks[0].result().end()  # the turn is given to the first who is left, and he goes
    tasks[SHARE + 1].cancel()
    await let_them_on()
    assert tasks[SHARE + 2].done()


async def test_a_slow_sender_gives_his_turn_to_the_next(in_flight: InFlight) -> None:
    (await place_of(in_flight, "bob")).end()
    tasks = await turns_of(in_flight, "alice", SHARE + 1)
    with tasks[0].result().aside():
        await let_them_on()
        assert tasks[SHARE].done()


async def test_too_long_a_line_is_told_its_limit(in_flight: InFlight) -> None:
    (await place_of(in_flight, "bob")).end()
    await turns_of(in_flight, "alice", SHARE + MOST_WAITING)
    with pytest.raises(UserLimit) as refused:
        await place_of(in_flight, "alice")
    error = refused.value
    assert (error.code, error.limit) == ("too_many_at_once", SHARE + MOST_WAITING)
    assert error.retry_after > 0
    assert (in_flight.count, in_flight.turns.waiting) == (SHARE, MOST_WAITING)


async def test_those_in_line_go_on_together_when_the_others_have_left(
    in_flight: InFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await place_of(in_flight, "bob")).end()
    tasks = await turns_of(in_flight, "alice", 50)
    monkeypatch.setattr("headway.http.turns.THERE_SECONDS", -1.0)
    tasks[0].result().end()
    await let_them_on()
    assert all(one.done() for one in tasks)


def test_a_user_with_his_share_is_known_at_the_door() -> None:
    """By what he brings; whoever was never let in has nothing yet."""
    turns = InFlight(512).turns
    turns.introduce(b"Bearer hers", "alice")
    assert turns.has_share(b"Bearer hers")
    for _ in range(SHARE):
        turns.enter("alice")
    assert not turns.has_share(b"Bearer hers")
    assert turns.has_share(b"Bearer another")
    turns.leave("alice")
    assert turns.has_share(b"Bearer hers")
