"""A clock that moves only when somebody sleeps, and a server that answers by a script."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from headway.client.retry import Clock

Answer = int | httpx2.Response | type[Exception]


class FakeClock(Clock):
    """Sleeping takes no time and moves the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_800_000_000.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    async def pause(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class Script:
    """Answers call after call; the last answer is given again and again."""

    def __init__(self, *answers: Answer | Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._answers = answers
        self.requests: list[httpx2.Request] = []

    @property
    def calls(self) -> int:
        return len(self.requests)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._answers[min(self.calls, len(self._answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, int):
            return httpx2.Response(answer)
        if isinstance(answer, httpx2.Response):
            return answer
        if isinstance(answer, type):
            raise answer("as the script says")
        return answer(request)

    async def asynchronously(self, request: httpx2.Request) -> httpx2.Response:
        return self(request)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self)

    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url="http://service", transport=self.transport)

    def heads(self, name: str) -> Sequence[Any]:
        """The values of a header, request by request."""
        return [one.headers.get(name) for one in self.requests]
