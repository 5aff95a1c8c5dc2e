"""Live updates of one job over a WebSocket, where the client may speak too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from headway.errors import AlreadyFinished, Gone, HeadwayError, NotAuthorized, NotFound, StoreError
from headway.http import frames
from headway.http.accounts import Identity
from headway.http.auth import Caller, identify, opened
from headway.http.frames import Frame
from headway.http.headers import is_from_here
from headway.http.live import CONFIRM_SECONDS, may_still_look
from headway.http.parts import Parts
from headway.http.pipe import Pipe, Stalled
from headway.http.problems import Refused, refusal_of
from headway.http.seats import TooManyStreams
from headway.http.strict_json import parse
from headway.http.tokens import BadToken
from headway.http.viewing import View, event_id
from headway.job import Json
from headway.rights import Scope

FINISHED: Final = 1000
TOO_BIG: Final = 1009
RESTARTING: Final = 1012
TRY_LATER: Final = 1013
MISUNDERSTOOD: Final = 4400
UNAUTHORIZED: Final = 4401
FORBIDDEN: Final = 4403
NOT_FOUND: Final = 4404
SILENT: Final = 4408

CLOSE_CODES: Final = {
    FINISHED: "the job has ended and `complete` was sent",
    TOO_BIG: "a message was larger than 64 KiB",
    RESTARTING: "the service is stopping; come back and resume after the last id",
    TRY_LATER: "the database cannot be read right now, too many streams are open, or nothing was read"
    " for long; come back and resume",
    MISUNDERSTOOD: "a message was not one of those described here",
    UNAUTHORIZED: "no valid token or ticket, or it has expired",
    FORBIDDEN: "the job is somebody else's, or the user is disabled",
    NOT_FOUND: "there is no such job, or there is none any more",
    SILENT: "no token came within 10 seconds",
}
"""Documented in docs/http.md; a test holds the two together."""

INTRODUCTION_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 1.0
"""After `complete` a client may still ask for the history."""
_LARGEST: Final = 65_536
_LONGEST_REASON: Final = 120
"""Bytes that a close frame has for it."""

router = APIRouter(tags=["live"])


@dataclass
class Hangup(Exception):
    """The conversation is over."""

    code: int
    reason: str = ""


@router.websocket("/ws/jobs/{job_id}")
async def watch(socket: WebSocket, job_id: str) -> None:
    """The events of a job's stream as JSON messages, until it has ended."""
    if not is_same_origin(socket):
        await socket.close(1008)  # before it is accepted: the handshake is answered with 403
        return
    async with hanging_up(socket):
        await socket.accept()
        caller, after = await introduced(socket)
        with caller.parts.seats.one(caller.name):
            await Conversation(socket, caller, job_id).hold(after)


@asynccontextmanager
async def hanging_up(socket: WebSocket) -> AsyncIterator[None]:
    """Close the socket with the code that tells why the conversation is over."""
    try:
        try:
            yield
        except TooManyStreams as full:
            raise Hangup(TRY_LATER, full.detail[:_LONGEST_REASON]) from None
        except Stalled:
            raise Hangup(TRY_LATER, "nothing was read for long") from None
    except Hangup as over:
        if socket.application_state is WebSocketState.CONNECTED:
            # Who was wrong may have left already: the server says so in one of two ways.
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.close(over.code, over.reason)
    except WebSocketDisconnect:
        pass


def is_same_origin(socket: WebSocket) -> bool:
    """True unless a page of another site asks: browsers always say where a page comes from, other
    programs need not."""
    return is_from_here(socket.headers)


async def introduced(socket: WebSocket) -> tuple[Caller, int | None]:
    """Who speaks, and after which event he wants to go on."""
    parts = await opened(socket)
    after = event_id(socket.query_params.get("after"))
    if "token" in socket.query_params:
        raise Hangup(UNAUTHORIZED, "a token never stands in a URL; use a ticket")
    try:
        if "authorization" in socket.headers:
            identity = await identify(parts, socket.headers)
        elif "ticket" in socket.query_params:
            identity = await _redeemed(parts, socket.query_params["ticket"])
        else:
            message = await _first_message(socket)
            after = message.get("after", after)
            identity = await parts.accounts.identify(message["token"])
    except (BadToken, Refused):
        raise Hangup(UNAUTHORIZED, "Could not validate credentials") from None
    except HeadwayError as error:
        raise hangup(error) from None
    caller = Caller(identity.name, identity, parts)
    try:
        caller.require(Scope.READ)
    except Refused as refused:
        raise Hangup(FORBIDDEN, refused.detail) from None
    return caller, after


async def _redeemed(parts: Parts, ticket: str) -> Identity:
    claims = await to_thread.run_sync(parts.tickets.redeem, ticket)
    return await parts.accounts.redeemed(claims)


async def _first_message(socket: WebSocket) -> dict[str, Json]:
    try:
        message = await asyncio.wait_for(heard(socket), INTRODUCTION_SECONDS)
    except TimeoutError:
        raise Hangup(SILENT, "no token came") from None
    if not isinstance(message.get("token"), str) or not message.keys() <= {"token", "after"}:
        raise Hangup(UNAUTHORIZED, 'expected {"token": "..."} first')
    return message


async def heard(socket: WebSocket) -> dict[str, Json]:
    """The client's next message."""
    raw = await socket.receive()
    if raw["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(raw.get("code", 1000))
    data: bytes = raw.get("bytes") or (raw.get("text") or "").encode("utf-8", "surrogatepass")
    if len(data) > _LARGEST:
        raise Hangup(TOO_BIG, "too large")
    try:
        message = parse(data)
    except ValueError:
        raise Hangup(MISUNDERSTOOD, "expected a JSON object") from None
    if not isinstance(message, dict):
        raise Hangup(MISUNDERSTOOD, "expected a JSON object")
    if type(message.get("after", 0)) is not int:
        raise Hangup(MISUNDERSTOOD, "expected `after` to be an event's id")
    return message


def hangup(error: HeadwayError) -> Hangup:
    """The error as the end of a conversation."""
    match error:
        case Gone():
            return Hangup(NOT_FOUND, str(error))
        case NotFound():
            return Hangup(NOT_FOUND, "Job not found")
        case NotAuthorized():
            return Hangup(FORBIDDEN, str(error))
        case StoreError():
            return Hangup(TRY_LATER, "try again")
    raise error


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
        self._over: Hangup | None = None

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
                await self._do(await heard(self._socket))
        except Hangup as over:
            self._hang_up(over)
        except WebSocketDisconnect as left:
            self._hang_up(Hangup(left.code))

    def _hang_up(self, over: Hangup) -> None:
        self._over = over
        self._view.end()

    async def _do(self, message: dict[str, Json]) -> None:
        match message:
            case {"action": "cancel", **rest} if not rest:
                await self._cancel()
            case {"action": "resume", "after": int(after), **rest} if not rest:
                self._resume_after = after
                self._resume.set()
            case _:
                raise Hangup(MISUNDERSTOOD, "expected an action: cancel, or resume with after")
        self._view.wake()

    async def _cancel(self) -> None:
        """Cancel the job. The stream tells that it worked; an aside, why it did not."""
        queue = self._caller.parts.queue
        try:
            self._caller.require(Scope.SUBMIT)
            await to_thread.run_sync(queue.cancel, self._job_id, self._caller.name)
        except Refused as refused:
            self._asides.append(frames.sentence(refused.detail))
        except (AlreadyFinished, NotFound, StoreError) as error:
            self._asides.append(frames.sentence(refusal_of(error).detail))
