"""What the client at the other end of a WebSocket says."""

import asyncio
from typing import Final

from anyio import to_thread
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from headway.errors import AlreadyFinished, NotAuthorized, NotFound, StoreError, UserLimit
from headway.http import frames
from headway.http.auth import Caller
from headway.http.frames import Frame
from headway.http.hangups import MISUNDERSTOOD, TOO_BIG, Hangup
from headway.http.problems import Refused, refusal_of
from headway.http.strict_json import parse
from headway.job import Json
from headway.rights import Scope

LARGEST_MESSAGE: Final = 65_536
"""Bytes, unpacked."""


async def heard(socket: WebSocket) -> dict[str, Json]:
    """The client's next message."""
    raw = await socket.receive()
    if raw["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(raw.get("code", 1000))
    data: bytes = raw.get("bytes") or (raw.get("text") or "").encode("utf-8", "surrogatepass")
    if len(data) > LARGEST_MESSAGE:
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


async def asked(socket: WebSocket, caller: Caller) -> dict[str, Json]:
    """The caller's next message, which counts as a request of his. Whoever says more than he may ask
    is heard as fast as he may, and his line is not read faster."""
    message = await heard(socket)
    while True:
        try:
            caller.parts.rates.check(caller.name)
        except UserLimit as early:
            await asyncio.sleep(early.retry_after)
        else:
            return message


async def cancelled(caller: Caller, job_id: str) -> Frame | None:
    """Cancel the job. Its events tell that it worked; the frame, why it did not."""
    try:
        caller.require(Scope.SUBMIT)
        await to_thread.run_sync(caller.parts.queue.cancel, job_id, caller.name)
    except Refused as refused:
        return frames.sentence(refused.detail)
    except (AlreadyFinished, NotFound, NotAuthorized, StoreError) as error:
        return frames.sentence(refusal_of(error).detail)
    return None
