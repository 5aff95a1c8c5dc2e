"""Who was refused rests, and goes on in his turn."""

import asyncio

import pytest

from headway.http.in_flight import InFlight
from headway.server import cooldown
from headway.server.cooldown import Cooldown, most_after


async def test_they_go_on_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooldown, "REST_SECONDS", 0.01)
    line, loop = Cooldown(InFlight(2)), asyncio.get_running_loop()
    risen: list[int] = []
    over = asyncio.Event()
    for number in range(350):
        line.rest(lambda number=number: risen.append(number), loop)  # type: ignore[misc]
    line.rest(over.set, loop)
    await over.wait()
    assert risen == list(range(350))


async def test_whoever_rests_later_is_called_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the line was empty in between."""
    monkeypatch.setattr(cooldown, "REST_SECONDS", 0.001)
    line, loop = Cooldown(InFlight(2)), asyncio.get_running_loop()
    for _ in range(3):
        risen = asyncio.Event()
        line.rest(risen.set, loop)
        await risen.wait()


def test_while_others_are_refused_answers_decide_how_many_go_on() -> None:
    """On a slow machine too refusing is little beside answering."""
    assert most_after(1.0, answered=600, refused=5000, resting=900) == 300
    assert most_after(1.0, answered=0, refused=5000, resting=900) == 100
    assert most_after(1.0, answered=9000, refused=5000, resting=900) == 1000


def test_nobody_rests_until_he_has_given_up() -> None:
    """However many there are, and however slow the answers."""
    assert most_after(1.0, answered=0, refused=5000, resting=6000) == 300


def test_when_nobody_is_refused_any_more_they_all_go_on_soon() -> None:
    assert most_after(1.0, answered=0, refused=0, resting=900) == 1000


async def test_who_rests_waits_for_the_answers_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as there are refusals."""
    monkeypatch.setattr(cooldown, "REST_SECONDS", 0.001)
    monkeypatch.setattr(cooldown, "LEAST_A_SECOND", 0)
    monkeypatch.setattr(cooldown, "LONGEST_SECONDS", float("inf"))
    in_flight = _Crowded(2)
    line, loop = Cooldown(in_flight), asyncio.get_running_loop()
    risen: list[int] = []
    over = asyncio.Event()
    for number in range(9):
        line.rest(lambda number=number: risen.append(number), loop)  # type: ignore[misc]
    line.rest(over.set, loop)
    await in_flight.looked_at.wait()
    assert risen == []
    in_flight.answered += 20
    await over.wait()
    assert risen == list(range(9))


class _Crowded(InFlight):
    """Whenever somebody looks, one more has been refused."""

    def __init__(self, most: int) -> None:
        self._looks = 0
        self.looked_at = asyncio.Event()
        super().__init__(most)

    @property
    def refused(self) -> int:
        """A larger number each time."""
        self._looks += 1
        if self._looks > 3:
            self.looked_at.set()
        return self._looks

    @refused.setter
    def refused(self, _: int) -> None:
        """Nobody else counts."""
