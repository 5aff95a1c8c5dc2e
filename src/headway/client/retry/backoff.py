"""`with_backoff`: any function that returns a response of httpx or httpx2, tried again as it should be."""

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar, overload

from headway.client.retry.policy import Doubling, Policy
from headway.client.retry.trial import Drop, Retrier, Trial, Wait, repeated
from headway.client.turn import run, run_async

R = TypeVar("R")


@overload
def with_backoff(
    func: Callable[[], Awaitable[R]],
    *,
    retries: int = ...,
    backoff_factor: float = ...,
    jitter: float = ...,
) -> Awaitable[R]: ...
@overload
def with_backoff(
    func: Callable[[], R], *, retries: int = ..., backoff_factor: float = ..., jitter: float = ...
) -> R: ...
def with_backoff(
    func: Callable[[], Any], *, retries: int = 3, backoff_factor: float = 0.5, jitter: float = 0.1
) -> Any:
    """What `func` returns, from the first of at most `retries` calls that succeeds.

    Between two calls `backoff_factor * 2**n + uniform(0, jitter)` seconds pass, or what the server's
    `Retry-After` asks for if that is longer. Only what another call may cure is tried again: lost
    connections and the statuses 408, 425, 429, 500, 502, 503 and 504, and a POST only with an
    `Idempotency-Key` or when it was never sent. After the last call its error is raised with the
    history of all of them; any other answer is returned as it came. What an `async` function
    returns is awaited, and so must be this.
    """
    policy = Policy(
        attempts=retries, delays=Doubling(backoff_factor, jitter), deadline=None, budget=None
    )
    return call_with(Retrier(policy), func)


@overload
def call_with(retrier: Retrier, func: Callable[[], Awaitable[R]]) -> Awaitable[R]: ...
@overload
def call_with(retrier: Retrier, func: Callable[[], R]) -> R: ...
def call_with(retrier: Retrier, func: Callable[[], Any]) -> Any:
    """The same under a policy of your own; calls with one retrier share its budget and breaker."""
    if inspect.iscoroutinefunction(func):
        return _call_async(retrier, func)
    try:
        return _call(retrier, func)
    except _ToBeAwaited as found:
        firsts = [found.awaitable]
        return _call_async(retrier, lambda: firsts.pop() if firsts else func())


class _ToBeAwaited(BaseException):
    """The function, a lambda for instance, has returned an awaitable: we are on an event loop."""

    def __init__(self, awaitable: Any) -> None:
        super().__init__()
        self.awaitable = awaitable


def _once(_trial: Trial) -> Generator[Any, Any, Any]:
    return (yield None)


def _call(retrier: Retrier, func: Callable[[], Any]) -> Any:
    def perform(step: Any) -> Any:
        match step:
            case Wait(seconds):
                return retrier.clock.sleep(seconds)
            case Drop(response):
                return _closed(response)
        answer = func()
        if inspect.isawaitable(answer):
            raise _ToBeAwaited(answer)
        return answer

    return run(repeated(retrier.trial(), _once), perform)


async def _call_async(retrier: Retrier, func: Callable[[], Any]) -> Any:
    async def perform(step: Any) -> Any:
        match step:
            case Wait(seconds):
                return await retrier.clock.pause(seconds)
            case Drop(response):
                return await response.aclose() if hasattr(response, "aclose") else None
        return await func()

    return await run_async(repeated(retrier.trial(), _once), perform)


def _closed(response: Any) -> None:
    if hasattr(response, "close"):
        response.close()
