"""What happens to every request before any route: who may knock, and what each answer carries."""

import ipaddress
import random
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.events.doings import Listener, RequestAnswered
from headway.events.log import tell_about
from headway.events.spans import Tracer, traceparent
from headway.http.in_flight import RETRY_SECONDS, InFlight, Place, current

_REQUEST_ID = "headway.request_id"
OUTSIDE: Final = "headway.send"
_ACCEPTABLE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_SAID: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What an answer that says nothing else is: somebody's own, and no page."""

_CLOSE: Final = ((b"connection", b"close"),)
_LONGEST_LENGTH: Final = 4
"""Digits of a Content-Length that is read to its end for the connection's sake."""

_REMOTE: Final = (
    "In development mode only this host is answered; set HEADWAY_MODE=production, or"
    " HEADWAY_ALLOW_REMOTE=true if strangers may use the published passwords"
)


_STREAMS: Final = "/stream"
"""How paths end whose answers may take hours: they are not traced."""
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}
)
ALWAYS_ANSWERED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Whoever looks after the service must be able to see it when it has too much to do."""


def overloaded(most: int) -> str:
    """What a request is told that comes while there are too many."""
    return (
        f"expected at most {most} requests in flight in this process (HEADWAY_MAX_IN_FLIGHT), got"
        " one more; nothing was done, try again in a moment"
    )


def request_id_of(scope: Scope) -> str:
    """The id that the answer to this request carries."""
    found: str = scope.get(_REQUEST_ID, "")
    return found


def outside(scope: Scope, send: Send) -> Send:
    """What a started answer's pieces are sent with: straight to whoever called us. What stands
    between only waits for the start, and is five calls for each piece to each of a thousand."""
    found: Send = scope.get(OUTSIDE, send)
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
            scope[OUTSIDE] = send
        always = ((b"x-request-id", request_id), *_ALWAYS)
        tell_about(request=scope[_REQUEST_ID])
        began = monotonic()

        async def send_on(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._tell(scope, message["status"], monotonic() - began)
                close = _CLOSE if message["status"] >= 400 and _may_still_send(scope) else ()
                headers = list(message.get("headers", ()))
                said = {name for name, _ in headers}
                rest = [one for one in _UNLESS_SAID if one[0] not in said]
                message["headers"] = [*headers, *always, *rest, *close]
            await send(message)

        if self._local_only and not is_this_host(scope):
            await _refuse(scope, send_on, 403, "remote_refused", _REMOTE)
        elif scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self._app(scope, receive, send_on)
        elif self._in_flight.is_full:
            self._in_flight.refused += 1
            await _refuse(scope, send_on, 503, "overloaded", overloaded(self._in_flight.most))
        else:
            await self._work(scope, receive, send_on)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope.get("method", "WEBSOCKET")
        method = method if method in _METHODS else "OTHER"
        answered = RequestAnswered(method, scope["path"], _route(scope), status, seconds)
        for listener in self._listeners:
            listener(answered)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, counted as in flight until the answer begins."""
        place = Place(self._in_flight)
        current.set(place)
        try:
            if self._tracer is None or scope["path"].endswith(_STREAMS):
                await self._app(scope, place.receiving(receive), place.sending(send))
            else:
                await self._traced(
                    self._tracer, scope, place.receiving(receive), place.sending(send)
                )
        finally:
            place.end()

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
    return b"%016x" % random.getrandbits(64)  # tells requests apart; nobody trusts it


def _may_still_send(scope: Scope) -> bool:
    """Whether much of the body may be on its way. The server would read on after a refusal, and
    whoever sends without an end would have a connection without an end."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return len(value) > _LONGEST_LENGTH
    return False


_known_hosts: dict[str, bool] = {"testclient": True, "localhost": True}


def is_this_host(scope: Scope) -> bool:
    """True for loopback addresses, Unix sockets and the test client."""
    client = scope.get("client")
    if not client:
        return True  # a Unix socket
    host = str(client[0])
    known = _known_hosts.get(host)
    if known is None:
        if len(_known_hosts) > 10_000:
            _known_hosts.clear()
        known = _known_hosts[host] = _is_loopback(host)
    return known


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in ("testclient", "localhost", "")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


async def _refuse(scope: Scope, send: Send, status: int, code: str, detail: str) -> None:
    document: Mapping[str, object] = {
        "type": f"urn:headway:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": scope.get("path", ""),
        "code": code,
        "request_id": request_id_of(scope),
    }
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "only this host"})
        return
    body = orjson.dumps(document)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", RETRY_SECONDS.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
