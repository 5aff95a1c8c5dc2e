"""What happens to every request before any route: who may knock, and what each answer carries."""

import re
from collections.abc import Sequence
from time import monotonic
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.events.doings import Listener, RequestAnswered
from headway.events.log import tell_about
from headway.events.spans import Tracer, traceparent
from headway.http.detached import begun, lead_outside
from headway.http.in_flight import PLACE, InFlight, Place, current
from headway.http.refusals import ALWAYS, UNLESS_SAID, Headers, new_request_id, overloaded, refusal
from headway.http.this_host import Elsewhere, elsewhere

_REQUEST_ID = "headway.request_id"
_ACCEPTABLE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

_CLOSE: Final = ((b"connection", b"close"),)
_BODILESS: Final = frozenset({"GET", "HEAD"})
"""Nobody reads the body of such a request, however it is answered."""
_LONGEST_LENGTH: Final = 4
"""Digits of a Content-Length that is read to its end for the connection's sake."""

_STREAMS: Final = "/stream"
"""How paths end whose answers may take hours: they are not traced."""
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}
)
ALWAYS_ANSWERED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Whoever looks after the service must be able to see it when it has too much to do."""


def request_id_of(scope: Scope) -> str:
    """The id that the answer to this request carries."""
    found: str = scope.get(_REQUEST_ID, "")
    return found


class Border:
    """Wraps the whole application, so that also the answer to a crash has its headers.

    With `is_bare` nothing inside changes an answer on its way out, so that pieces of it may go
    around; middleware of the user's own may want to see them."""

    def __init__(
        self,
        app: ASGIApp,
        in_flight: InFlight,
        *,
        local_only: bool,
        is_bare: bool,
        listeners: Sequence[Listener] = (),
        tracer: Tracer | None = None,
    ) -> None:
        self._app = app
        self._tracer = tracer
        self._listeners = listeners
        self._in_flight = in_flight
        self._local_only = local_only
        self._is_bare = is_bare

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[_REQUEST_ID] = request_id.decode()
        if self._is_bare:
            lead_outside(scope, send)
        always = ((b"x-request-id", request_id), *ALWAYS)
        tell_about(request=scope[_REQUEST_ID])
        began = monotonic()

        async def send_on(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._tell(scope, message["status"], monotonic() - began)
                is_read = message["status"] < 400 and scope.get("method") not in _BODILESS
                close = () if is_read or not _may_still_send(scope) else _CLOSE
                headers = list(message.get("headers", ()))
                said = {name for name, _ in headers}
                rest = [one for one in UNLESS_SAID if one[0] not in said]
                message["headers"] = [*headers, *always, *rest, *close]
            await send(message)

        place: Place | None = scope.pop(PLACE, None)
        if self._local_only and (stranger := elsewhere(scope)) is not None:
            if place is not None:
                place.end()
            await _refuse_stranger(stranger, scope, send_on)
        elif scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self._app(scope, receive, send_on)
        elif place is None and self._in_flight.is_full:
            self._in_flight.refused += 1
            bound = self._in_flight.pace.bound
            told = overloaded(bound, path=scope["path"], request_id=scope[_REQUEST_ID])
            await _refuse(send_on, 503, told)
        else:
            await self._work(place or Place(self._in_flight), scope, receive, send_on)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope.get("method", "WEBSOCKET")
        method = method if method in _METHODS else "OTHER"
        answered = RequestAnswered(method, scope["path"], _route(scope), status, seconds)
        for listener in self._listeners:
            listener(answered)

    async def _work(self, place: Place, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, counted as in flight until the answer begins."""
        current.set(place)
        receive_on, send_on = place.receiving(receive), place.sending(send)
        later: list[ASGIApp] = []
        try:
            if self._tracer is not None and not scope["path"].endswith(_STREAMS):
                await self._traced(self._tracer, scope, receive_on, send_on)
            elif self._is_bare:
                later = await begun(self._app, scope, receive_on, send_on)
            else:
                await self._app(scope, receive_on, send_on)
        finally:
            place.end()
        for answer in later:
            await answer(scope, receive, send)

    async def _traced(self, tracer: Tracer, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell of it in the client's trace or a new one."""
        span = tracer.request(scope["method"], scope["path"], _given_traceparent(scope))
        traceparent.set(span.traceparent)
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            span.end(_route(scope), status)


def _route(scope: Scope) -> str:
    """The template of the route that answers; `none` where none does."""
    return getattr(scope.get("route"), "path", "") or "none"


def _given_traceparent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value.decode("latin-1"))
    return None


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTABLE_ID.fullmatch(value):
            found: bytes = value
            return found
    return new_request_id()


def _may_still_send(scope: Scope) -> bool:
    """Whether much of the body may be on its way. The server would read on after an answer, and
    whoever sends without an end would have a connection without an end."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return len(value) > _LONGEST_LENGTH
    return False


async def _refuse_stranger(why: Elsewhere, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "only this host"})
        return
    told = refusal(403, why.code, why.detail, path=scope["path"], request_id=request_id_of(scope))
    await _refuse(send, 403, told)


async def _refuse(send: Send, status: int, told: tuple[Headers, bytes]) -> None:
    headers, body = told
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
