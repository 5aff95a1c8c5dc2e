"""Who speaks over a WebSocket: a header, a ticket or the first message says so."""

import asyncio
from typing import Final

from anyio import to_thread
from fastapi import WebSocket

from headway.errors import HeadwayError
from headway.http.auth import Caller, identify, opened
from headway.http.hangups import FORBIDDEN, MISUNDERSTOOD, SILENT, UNAUTHORIZED, Hangup, hangup
from headway.http.hearing import heard
from headway.http.parts import Parts
from headway.http.problems import Refused
from headway.http.viewing import event_id
from headway.identity.accounts import Identity
from headway.identity.tokens import BadToken
from headway.job import Json
from headway.rights import Scope

INTRODUCTION_SECONDS: Final = 10.0


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
    if not isinstance(message.get("token"), str):
        raise Hangup(UNAUTHORIZED, 'expected {"token": "..."} first')
    if not message.keys() <= {"token", "after"}:
        raise Hangup(MISUNDERSTOOD, "expected no more than a token, and after")
    return message
