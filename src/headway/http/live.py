"""Live updates of one job: Server-Sent Events."""

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from headway.errors import NotAuthorized, StoreError
from headway.http import frames
from headway.http.auth import Caller, CallerDep
from headway.http.detached import goes_on_later, outside
from headway.http.frames import Frame
from headway.http.jobs import JobId
from headway.http.owner_view import OwnerView
from headway.http.pipe import Pipe, Stalled
from headway.http.seats import TooManyStreams
from headway.http.viewer import Viewer
from headway.http.viewing import View
from headway.identity.tokens import BadToken

CONFIRM_SECONDS: Final = 30.0
"""How often a long stream makes sure that its viewer may still look."""

router = APIRouter(prefix="/api/v1/jobs", tags=["live"])


class EventStream(Response):
    """A plain ASGI answer: frames come encoded, and nothing stands between them and the socket."""

    media_type = "text/event-stream"

    def __init__(self, caller: Caller, view: Viewer, first: list[Frame]) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._caller = caller
        self._view = view
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the job has ended, the viewer has left or the process is stopping."""
        try:
            self._caller.parts.seats.take(self._caller.name)
        except TooManyStreams:
            self._view.close()
            raise
        if not goes_on_later(scope, self._stream):
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.ensure_future(_left(receive))
        leaving.add_done_callback(lambda _: self._view.end())
        pipe = Pipe(outside(scope, send))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._show(pipe)
            await pipe.send({"type": "http.response.body", "body": b""})
        except Stalled:
            pass  # nothing reaches him, not even the end of the stream
        finally:
            leaving.cancel()
            self._view.close()
            self._caller.parts.seats.leave(self._caller.name)

    async def _show(self, pipe: Pipe) -> None:
        if await self._begin(pipe):
            await self._go_direct(pipe)
            await self._go_on(pipe)

    async def _begin(self, pipe: Pipe) -> bool:
        """Show what comes first; False when nothing follows."""
        first, self._first = self._first, []  # an hour of silence may follow: they need not stay
        for piece in frames.pieces(first):
            await pipe.send(piece)
        return not (first and first[-1].last)

    async def _go_direct(self, pipe: Pipe) -> None:
        """Have news written straight from the fan-out, where the server takes that."""

        def write(pieces: Iterable[Message]) -> bool:
            if pipe.is_stuck:
                return False
            for piece in pieces:
                pipe.put(piece)
            if pipe.is_stuck:
                self._view.wake()  # the rest is for the stream's own task
            return True

        await pipe.probe(frames.piece(b""))
        if pipe.is_direct:
            self._view.attach(write)

    async def _go_on(self, pipe: Pipe) -> None:
        confirm_at = monotonic() + CONFIRM_SECONDS
        while (shown := await self._next()) is not None:
            if pipe.is_stuck:
                await pipe.flush()
            for piece in frames.pieces(shown) if shown else (frames.PING,):
                await pipe.send(piece)
            if shown and shown[-1].last:
                return
            if monotonic() > confirm_at:
                confirm_at = monotonic() + CONFIRM_SECONDS
                if not await may_still_look(self._caller):
                    return
        await pipe.send(frames.retry())

    async def _next(self) -> list[Frame] | None:
        try:
            return await self._view.next()
        except StoreError:
            return None  # the client comes back, with the id of the last event it has


async def may_still_look(caller: Caller) -> bool:
    """False once the token has expired or the user was disabled or removed."""
    try:
        await caller.parts.accounts.confirm(caller.identity)
    except (BadToken, NotAuthorized):
        return False
    except StoreError:
        return True  # nobody can tell right now
    return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


_EVENT: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("event", "data", "id")},
}
_STREAM: Final[dict[str, Any]] = {
    "status_code": 200,
    "response_class": EventStream,
    "responses": {200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
}


@router.get("/stream", **_STREAM)
async def stream_all(
    caller: CallerDep,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query()] = None,
) -> Response:
    """All your jobs as they move, also those submitted later, on one connection. Its ids are
    cursors: with `Last-Event-ID` or `?after=` everything durable since then comes first."""
    view = OwnerView(caller.parts.queue, caller.parts.feed, caller.parts.positions, caller.name)
    return await _opened(caller, view, last_event_id or after)


@router.get("/{job_id}/stream", **_STREAM)
async def stream(
    caller: CallerDep,
    job_id: JobId,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query()] = None,
) -> Response:
    """The job as it moves: `update` at once and on every change, `metric`, `log`, `items` and
    `checkpoint` as they happen, `complete` once and last. With `Last-Event-ID` or `?after=`
    everything durable since then comes first."""
    view = View(caller.parts.queue, caller.parts.feed, job_id, caller.name)
    return await _opened(caller, view, last_event_id or after)


async def _opened(caller: Caller, view: Viewer, after: str | None) -> EventStream:
    try:
        caller.parts.seats.check(caller.name)
        first = await view.open(after)
    except BaseException:
        view.close()
        raise
    return EventStream(caller, view, first)
