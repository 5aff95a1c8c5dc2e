"""Live updates of one job over a WebSocket, where the client may speak too."""

import asyncio
from time import monotonic
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from headway.errors import HeadwayError
from headway.http.auth import Caller
from headway.http.frames import Frame
from headway.http.hangups import (
    FINISHED,
    MISUNDERSTOOD,
    NOT_FOUND,
    RESTARTING,
    UNAUTHORIZED,
    Hangup,
    hanging_up,
    hangup,
)
from headway.http.headers import is_from_here
from headway.http.hearing import asked, cancelled
from headway.http.introduction import introduced
from headway.http.live import CONFIRM_SECONDS, may_still_look
from headway.http.pipe import Pipe
from headway.http.viewing import View
from headway.job import Json

LINGER_SECONDS: Final = 1.0
"""After `complete` a client may still ask for the history."""

router = APIRouter(tags=["live"])


@router.websocket("/ws/jobs/{job_id}")
async def watch(socket: WebSocket, job_id: str) -> None:
    """The events of a job's stream as JSON messages, until it has ended."""
    if not is_from_here(socket.headers):
        await socket.close(1008)  # before it is accepted: the handshake is answered with 403
        return
    async with hanging_up(socket):
        await socket.accept()
        caller, after = await introduced(socket)
        with caller.parts.seats.one(caller.name):
            await Conversation(socket, caller, job_id).hold(after)


class Conversation:
    """One socket and one job: a task hears, the other speaks."""

    def __init__(self, socket: WebSocket, caller: Caller, job_id: str) -> None:
        self._socket = socket
        self._caller = caller
        self._job_id = job_id
        self._view = View(caller.parts.queue, caller.parts.feed, job_id, caller.name)
        self._asides: list[Frame] = []
        self._resume_after: int | None = None
        self._resume = asyncio.Event()
        self._over: Exception | None = None

    async def hold(self, after: int | None) -> None:
        """Talk until a `Hangup` says why no longer."""
        hearing = asyncio.ensure_future(self._hear())
        try:
            await self._speak(after)
        except HeadwayError as error:
            raise hangup(error) from None
        finally:
            hearing.cancel()
            self._view.close()

    async def _speak(self, after: int | None) -> None:
        shown: list[Frame] | None = await self._view.open(after)
        confirm_at = monotonic() + CONFIRM_SECONDS
        pipe = Pipe(self._socket.send)
        while shown is not None:
            for frame in self._take_asides() + shown:
                await pipe.send({"type": "websocket.send", "text": frame.message})
            if shown and shown[-1].last:
                await self._linger(shown[-1])
            if monotonic() > confirm_at:
                confirm_at = monotonic() + CONFIRM_SECONDS
                if not await may_still_look(self._caller):
                    raise Hangup(UNAUTHORIZED, "expired")
            shown = await self._next()
        raise self._over or Hangup(RESTARTING, "restarting")

    async def _next(self) -> list[Frame] | None:
        if not self._resume.is_set():
            shown = await self._view.next()
            if not self._resume.is_set():
                return shown
        self._resume.clear()
        return await self._view.open(self._resume_after)

    async def _linger(self, last: Frame) -> None:
        """All is said. Hang up unless the client still asks for the history."""
        if last.event == "error":
            raise Hangup(NOT_FOUND, "Job not found")
        try:
            await asyncio.wait_for(self._resume.wait(), LINGER_SECONDS)
        except TimeoutError:
            raise self._over or Hangup(FINISHED, "finished") from None

    def _take_asides(self) -> list[Frame]:
        asides, self._asides = self._asides, []
        return asides

    async def _hear(self) -> None:
        try:
            while True:
                await self._do(await asked(self._socket, self._caller))
        except WebSocketDisconnect as left:
            self._hang_up(Hangup(left.code))
        except Exception as error:  # noqa: BLE001 - whoever speaks ends with it: nobody hears now
            self._hang_up(error)

    def _hang_up(self, over: Exception) -> None:
        self._over = over
        self._view.end()

    async def _do(self, message: dict[str, Json]) -> None:
        match message:
            case {"action": "cancel", **rest} if not rest:
                refused = await cancelled(self._caller, self._job_id)
                self._asides += [] if refused is None else [refused]
            case {"action": "resume", "after": int(after), **rest} if not rest:
                self._resume_after = after
                self._resume.set()
            case _:
                raise Hangup(MISUNDERSTOOD, "expected an action: cancel, or resume with after")
        self._view.wake()
