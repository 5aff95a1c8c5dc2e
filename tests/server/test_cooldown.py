"""Who was refused rests, and goes on in his turn."""

import asyncio

import pytest

from headway.server import cooldown
from headway.server.cooldown import Cooldown


async def test_they_go_on_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooldown, "REST_SECONDS", 0.01)
    line, loop = Cooldown(), asyncio.get_running_loop()
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
    line, loop = Cooldown(), asyncio.get_running_loop()
    for _ in range(3):
        risen = asyncio.Event()
        line.rest(risen.set, loop)
        await risen.wait()
