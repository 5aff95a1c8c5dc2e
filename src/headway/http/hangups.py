"""How a conversation over a WebSocket ends: the codes, and the errors they stand for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from headway.errors import Gone, HeadwayError, NotAuthorized, NotFound, StoreError
from headway.http.pipe import Stalled
from headway.http.seats import TooManyStreams

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

_LONGEST_REASON: Final = 120
"""Bytes that a close frame has for it."""


@dataclass
class Hangup(Exception):
    """The conversation is over."""

    code: int
    reason: str = ""


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
