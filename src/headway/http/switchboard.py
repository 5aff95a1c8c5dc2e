"""Many jobs over one WebSocket: the client says which."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from headway.errors import Gone, NotAuthorized, NotFound, StoreError
from headway.http import frames
from headway.http.auth import Caller
from headway.http.frames import Frame
from headway.http.hangups import (
    MISUNDERSTOOD,
    RESTARTING,
    TRY_LATER,
    UNAUTHORIZED,
    Hangup,
    hanging_up,
)
from headway.http.headers import is_from_here
from headway.http.hearing import asked, cancelled
from headway.http.introduction import introduced
from headway.http.live import CONFIRM_SECONDS, may_still_look
from headway.http.pipe import Pipe, Stalled
from headway.http.problems import refusal_of
from headway.http.viewing import View
from headway.job import Json
from headway.wire.base import encode

MOST: Final = 100
"""Jobs on one socket at a time."""

_NO_CLOSE_FRAME: Final = 1006
_EXPECTED: Final = "expected an action: subscribe, unsubscribe, cancel or resume, each with job_id"

router = APIRouter(tags=["live"])


@router.websocket("/ws/jobs")
async def watch_many(socket: WebSocket) -> None:
    """The events of all jobs that the client subscribes to, until it leaves."""
    if not is_from_here(socket.headers):
        await socket.close(1008)
        return
    async with hanging_up(socket):
        await socket.accept()
        caller, _ = await introduced(socket)
        with caller.parts.seats.one(caller.name):
            await Switchboard(socket, caller).hold()


class Switchboard:
    """One socket and many jobs: a task hears, and each job has one that speaks."""

    def __init__(self, socket: WebSocket, caller: Caller) -> None:
        self._socket = socket
        self._caller = caller
        self._pipe = Pipe(socket.send)
        self._speaking = asyncio.Lock()
        self._talks: dict[str, tuple[View, asyncio.Task[None]]] = {}
        self._over: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def hold(self) -> None:
        """Talk until a `Hangup` says why no longer."""
        confirming = asyncio.ensure_future(self._confirm())
        ending = asyncio.ensure_future(self._end())
        try:
            while True:
                await self._do(await self._asked())
        finally:
            confirming.cancel()
            ending.cancel()
            for job_id in list(self._talks):
                self._unsubscribe(job_id)

    async def _asked(self) -> dict[str, Json]:
        """The client's next message. Raise what ends the talk before it."""
        hearing = asyncio.ensure_future(asked(self._socket, self._caller))
        try:
            either: set[asyncio.Future[Any]] = {hearing, self._over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._over.done():
                raise self._over.result()
            return hearing.result()
        finally:
            hearing.cancel()

    async def _do(self, message: dict[str, Json]) -> None:
        match message:
            case {"action": "subscribe" | "resume", "job_id": str(job_id), **rest} if (
                rest.keys() <= {"after"}
            ):
                await self._subscribe(job_id, rest.get("after"))
            case {"action": "unsubscribe", "job_id": str(job_id), **rest} if not rest:
                self._unsubscribe(job_id)
            case {"action": "cancel", "job_id": str(job_id), **rest} if not rest:
                refused = await cancelled(self._caller, job_id)
                if refused is not None:
                    await self._say(job_id, refused)
            case _:
                raise Hangup(MISUNDERSTOOD, _EXPECTED)

    async def _subscribe(self, job_id: str, after: int | None) -> None:
        """Begin with the job, or begin anew from another event on."""
        self._unsubscribe(job_id)
        if len(self._talks) >= MOST:
            await self._say(job_id, frames.sentence(f"expected at most {MOST} jobs on one socket"))
            return
        view = View(self._caller.parts.queue, self._caller.parts.feed, job_id, self._caller.name)
        talk = asyncio.ensure_future(self._talk(job_id, view, after))
        self._talks[job_id] = (view, talk)

    def _unsubscribe(self, job_id: str) -> None:
        found = self._talks.pop(job_id, None)
        if found is not None:
            view, talk = found
            talk.cancel()
            view.close()

    async def _talk(self, job_id: str, view: View, after: int | None) -> None:
        """Speak of one job until it has ended."""
        try:
            shown: list[Frame] | None = await view.open(after)
            while shown is not None:
                for frame in shown:
                    await self._say(job_id, frame)
                if shown and shown[-1].last:
                    break
                shown = await view.next()
        except (NotFound, NotAuthorized, Gone) as error:
            with suppress(WebSocketDisconnect, Stalled):  # who asked may have left already
                await self._say(job_id, frames.sentence(refusal_of(error).detail))
        except StoreError:
            self._hang_up(Hangup(TRY_LATER, "try again"))
        except WebSocketDisconnect:
            pass  # who hears will be told of it too
        except Stalled:
            self._hang_up(Hangup(TRY_LATER, "nothing was read for long"))
        except Exception as defect:  # noqa: BLE001 - whoever hears raises it: the client must know
            self._hang_up(defect)
        finally:
            view.close()
            if self._talks.get(job_id, (None,))[0] is view:
                del self._talks[job_id]

    async def _say(self, job_id: str, frame: Frame) -> None:
        about = f'{{"job_id":{encode(job_id).decode()},{frame.message[1:]}'
        async with self._speaking:
            try:
                await self._pipe.send({"type": "websocket.send", "text": about})
            except RuntimeError:  # the server's other word for a socket that is closed already
                raise WebSocketDisconnect(_NO_CLOSE_FRAME) from None

    async def _confirm(self) -> None:
        """Hang up once the caller may not look any more."""
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            if not await may_still_look(self._caller):
                self._hang_up(Hangup(UNAUTHORIZED, "expired"))

    async def _end(self) -> None:
        """Hang up when the process stops: also a socket that watches nothing just then."""
        listener = self._caller.parts.feed.wait_for_end()
        try:
            while not listener.closed:
                await listener.take(CONFIRM_SECONDS)
        finally:
            self._caller.parts.feed.leave(listener)
        self._hang_up(Hangup(RESTARTING, "restarting"))

    def _hang_up(self, over: Exception) -> None:
        if not self._over.done():
            self._over.set_result(over)
