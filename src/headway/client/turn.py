"""What turns the flows: generators that say what to do next, and are told what came of it.

A flow knows no socket, no clock and no event loop. A pump does what the flow yields and sends the
outcome back into it, an error as an error; `Give` is for the caller and not for the pump.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
Flow = Generator[Any, Any, T]


@dataclass(frozen=True, slots=True)
class Give:
    """One more value for whoever iterates."""

    value: Any


def run(flow: Flow[T], perform: Callable[[Any], Any]) -> T:
    """Do what the flow asks for until it returns."""
    outcome: Any = None
    error: Exception | None = None
    try:
        while True:
            step = flow.send(outcome) if error is None else flow.throw(error)
            outcome = error = None
            try:
                outcome = perform(step)
            except Exception as raised:  # noqa: BLE001 - the flow decides what becomes of it
                error = raised
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return] # a generator's value has no type here
    finally:
        flow.close()


async def run_async(flow: Flow[T], perform: Callable[[Any], Awaitable[Any]]) -> T:
    """The same on an event loop."""
    outcome: Any = None
    error: Exception | None = None
    try:
        while True:
            step = flow.send(outcome) if error is None else flow.throw(error)
            outcome = error = None
            try:
                outcome = await perform(step)
            except Exception as raised:  # noqa: BLE001 - the flow decides what becomes of it
                error = raised
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return] # a generator's value has no type here
    finally:
        flow.close()


def iterate(flow: Flow[None], perform: Callable[[Any], Any]) -> Iterator[Any]:
    """What the flow gives, one by one."""
    try:
        while (given := run(_until_given(flow), perform)) is not None:
            yield given.value
    finally:
        flow.close()


async def iterate_async(
    flow: Flow[None], perform: Callable[[Any], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    """The same on an event loop."""
    try:
        while (given := await run_async(_until_given(flow), perform)) is not None:
            yield given.value
    finally:
        flow.close()


def _until_given(flow: Flow[None]) -> Flow[Give | None]:
    """The flow's steps up to the next value; None at its end."""
    outcome: Any = None
    error: Exception | None = None
    try:
        while True:
            step = flow.send(outcome) if error is None else flow.throw(error)
            if isinstance(step, Give):
                return step
            outcome = error = None
            try:
                outcome = yield step
            except Exception as raised:  # noqa: BLE001 - the flow decides what becomes of it
                error = raised
    except StopIteration:
        return None
