"""The two pumps: what flows ask for, done with a socket. One blocks, one awaits; they decide nothing."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, TypeVar

import httpx2

from headway.client.calls import Call, HangUp, Hear, Listen, Renew, Send, opened
from headway.client.retry.trial import Drop, Wait
from headway.client.session import Session
from headway.client.turn import Flow, iterate, iterate_async, run, run_async

T = TypeVar("T")

LARGEST_EVENT: Final = 256 * 2**20
"""Bytes; `complete` carries the job's whole result."""


class Pump:
    """Turns flows, each step by a call that returns when it is done. Threads may share one."""

    def __init__(self, http: httpx2.Client, session: Session) -> None:
        self.http = http
        self.session = session
        self._signing_in = threading.Lock()

    def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        return run(flow, self.perform)

    def iterate(self, flow: Flow[None]) -> Iterator[Any]:
        """What the flow gives, one by one."""
        with contextlib.closing(_Line(self)) as line:
            yield from iterate(flow, line.perform)

    def perform(self, step: Any) -> Any:
        """Do one step."""
        match step:
            case Send(call, token, timeout):
                with opened(call, token, timeout, self.http.timeout) as request:
                    return self.http.send(self.http.build_request(**request))
            case Wait(seconds):
                return self.session.retrier.clock.sleep(seconds)
            case Renew(stale):
                with self._signing_in:  # whoever waited here finds it done
                    return self.run(self.session.signed_in(stale))
            case Drop(response):
                return response.close()
        raise TypeError(f"expected a step, got: {step!r}")


class _Line:
    """The steps of one iteration, which may have a stream open."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._response: httpx2.Response | None = None
        self._events: Iterator[httpx2.ServerSentEvent] = iter(())

    def perform(self, step: Any) -> Any:
        match step:
            case Listen(call, token):
                return self._listen(call, token)
            case Hear():
                return next(self._events, None)
            case HangUp():
                return self.close()
        return self._pump.perform(step)

    def _listen(self, call: Call, token: str | None) -> httpx2.Response:
        self.close()
        http = self._pump.http
        with opened(call, token, None, http.timeout) as request:
            response = self._response = http.send(http.build_request(**request), stream=True)
        if not response.is_success:
            response.read()
        self._events = iter(httpx2.EventSource(response, LARGEST_EVENT))
        return response

    def close(self) -> None:
        if self._response is not None:
            self._response.close()


class AsyncPump:
    """Turns flows on an event loop. Tasks of one loop may share one."""

    def __init__(self, http: httpx2.AsyncClient, session: Session) -> None:
        self.http = http
        self.session = session
        self._signing_in = asyncio.Lock()

    async def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        return await run_async(flow, self.perform)

    async def iterate(self, flow: Flow[None]) -> AsyncIterator[Any]:
        """What the flow gives, one by one."""
        async with (
            contextlib.aclosing(_AsyncLine(self)) as line,
            contextlib.aclosing(iterate_async(flow, line.perform)) as given,
        ):
            async for one in given:
                yield one

    async def perform(self, step: Any) -> Any:
        """Do one step."""
        match step:
            case Send(call, token, timeout):
                # Its file is read on the loop: 64 KiB at a time take less than a hop to a thread.
                with opened(call, token, timeout, self.http.timeout) as request:
                    return await self.http.send(self.http.build_request(**request))
            case Wait(seconds):
                return await self.session.retrier.clock.pause(seconds)
            case Renew(stale):
                async with self._signing_in:  # whoever waited here finds it done
                    return await self.run(self.session.signed_in(stale))
            case Drop(response):
                return await response.aclose()
        raise TypeError(f"expected a step, got: {step!r}")


class _AsyncLine:
    """The steps of one iteration, which may have a stream open."""

    def __init__(self, pump: AsyncPump) -> None:
        self._pump = pump
        self._response: httpx2.Response | None = None
        self._events: AsyncIterator[httpx2.ServerSentEvent] | None = None

    async def perform(self, step: Any) -> Any:
        match step:
            case Listen(call, token):
                return await self._listen(call, token)
            case Hear():
                return None if self._events is None else await anext(self._events, None)
            case HangUp():
                return await self.aclose()
        return await self._pump.perform(step)

    async def _listen(self, call: Call, token: str | None) -> httpx2.Response:
        await self.aclose()
        http = self._pump.http
        with opened(call, token, None, http.timeout) as request:
            response = await http.send(http.build_request(**request), stream=True)
        self._response = response
        if not response.is_success:
            await response.aread()
        self._events = aiter(httpx2.EventSource(response, LARGEST_EVENT))
        return response

    async def aclose(self) -> None:
        if self._response is not None:
            await self._response.aclose()
