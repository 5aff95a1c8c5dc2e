"""`with_backoff` keeps what its parameters promise, for both libraries and both colours."""

import time
from collections.abc import Awaitable
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from headway.client import with_backoff
from headway.client.retry import attempts_of

both = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda one: one.__name__)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


class Answers:
    """A function that answers, or fails, by a list; the last again and again."""

    def __init__(
        self, library: Any, *answers: int | str, method: str = "GET", **headers: str
    ) -> None:
        self._library = library
        self._answers = answers
        self._request = library.Request(method, "http://service/", headers=headers)
        self.calls = 0

    def __call__(self) -> httpx2.Response:
        answer = self._answers[min(self.calls, len(self._answers) - 1)]
        self.calls += 1
        if isinstance(answer, int):
            response: httpx2.Response = self._library.Response(answer, request=self._request)
            return response
        raise getattr(self._library, answer)("as told", request=self._request)

    async def later(self) -> httpx2.Response:
        return self()


@both
def test_it_waits_as_its_parameters_say(library: ModuleType, sleeps: list[float]) -> None:
    """`backoff_factor * 2**n`, and up to `jitter` on top; three calls, two waits by default."""
    answers = Answers(library, 503)
    with pytest.raises(library.HTTPStatusError):
        with_backoff(answers)
    assert answers.calls == 3
    assert 0.5 <= sleeps[0] <= 0.6
    assert 1.0 <= sleeps[1] <= 1.1
    sleeps.clear()
    with pytest.raises(library.HTTPStatusError):
        with_backoff(Answers(library, 503), retries=5, backoff_factor=0.1, jitter=0)
    assert sleeps == [0.1, 0.2, 0.4, 0.8]


@both
@pytest.mark.parametrize(
    "failure", [503, 429, "ReadTimeout", "ConnectError", "RemoteProtocolError"]
)
def test_the_first_success_is_returned(
    library: ModuleType, sleeps: list[float], failure: int | str
) -> None:
    answers = Answers(library, failure, 200)
    response = with_backoff(answers)
    assert isinstance(response, library.Response)
    assert (response.status_code, answers.calls, len(sleeps)) == (200, 2, 1)


@both
def test_the_last_error_is_raised_with_its_history(
    library: ModuleType, sleeps: list[float]
) -> None:
    with pytest.raises(library.ReadTimeout) as failed:
        with_backoff(Answers(library, 503, "ConnectError", "ReadTimeout"), jitter=0)
    assert [one.reason for one in attempts_of(failed.value)] == [
        "503 Service Unavailable",
        "ConnectError",
        "ReadTimeout",
    ]
    assert failed.value.__notes__[-1] == "no further attempt: 3 attempts were made"


@both
def test_a_post_needs_a_key_or_not_to_have_been_sent(
    library: ModuleType, sleeps: list[float]
) -> None:
    bare = Answers(library, "ReadTimeout", 200, method="POST")
    with pytest.raises(library.ReadTimeout):
        with_backoff(bare)
    keyed = Answers(library, "ReadTimeout", 200, method="POST", **{"Idempotency-Key": "one"})
    unsent = Answers(library, "ConnectError", 200, method="POST")
    assert (with_backoff(keyed).status_code, with_backoff(unsent).status_code) == (200, 200)
    assert (bare.calls, keyed.calls, unsent.calls) == (1, 2, 2)


@both
def test_any_other_answer_is_the_callers_business(library: ModuleType, sleeps: list[float]) -> None:
    answers = Answers(library, 404)
    assert with_backoff(answers).status_code == 404
    assert (answers.calls, sleeps) == (1, [])


async def test_what_is_awaited_is_tried_again_too() -> None:
    """An `async` function, and a plain one that returns what must be awaited."""

    def plain() -> Awaitable[httpx2.Response]:
        return answers.later()

    for is_plain in (False, True):
        answers = Answers(httpx2, 503, "ReadError", 200)
        func = plain if is_plain else answers.later
        response = await with_backoff(func, backoff_factor=0.001, jitter=0)
        assert (response.status_code, answers.calls) == (200, 3)


def test_an_answer_that_nobody_sent_counts_too(sleeps: list[float]) -> None:
    """Made by hand, it has no request; nothing says that repeating it would harm."""
    answers = [httpx2.Response(503), httpx2.Response(200)]
    assert with_backoff(lambda: answers.pop(0)).status_code == 200
    with pytest.raises(Exception, match="expected an answer of success, got: HTTP 503"):
        with_backoff(lambda: httpx2.Response(503))
