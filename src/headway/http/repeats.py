"""Requests that come again: what changed something is not changed twice under one key.

Submissions keep their keys with their jobs. This is for all other routes: the key is written
before the request is worked on, its answer afterwards.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from anyio import to_thread
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from headway.errors import Conflict
from headway.http.answers import keyed
from headway.http.auth import Caller, identified
from headway.http.bodies import LARGEST_JSON
from headway.http.headers import idempotency_key
from headway.http.json_answer import NO_STORE
from headway.http.limits import counted
from headway.store.values.answers import KeptAnswer
from headway.store.values.submission import IdempotencyKey

PATIENCE: Final = 60.0
"""Seconds after which a request that was never answered counts as lost with its process."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_repeatable: Final[set[Callable[..., Any]]] = set()


def repeatable(endpoint: Endpoint) -> Endpoint:
    """Let this endpoint, of a router with `RepeatableRoute`, heed an `Idempotency-Key`."""
    _repeatable.add(endpoint)
    return endpoint


class RepeatableRoute(APIRoute):
    """A route whose request, sent again under its key, is answered as before."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self.heeds_keys:
            self.openapi_extra = keyed(self.openapi_extra)

    @property
    def heeds_keys(self) -> bool:
        """Whether this route is one that changes something."""
        return self.endpoint in _repeatable

    def get_route_handler(self) -> Handler:
        """The route's handler, which is asked once for each key."""
        handler = super().get_route_handler()
        if not self.heeds_keys:
            return handler

        async def once(request: Request) -> Response:
            if "idempotency-key" in request.headers:
                await identified(request)  # before the key: a stranger is told that he is one
            key = idempotency_key(request)
            return await (handler(request) if key is None else _once(request, key, handler))

        return once


async def _once(request: Request, key: str, handler: Handler) -> Response:
    caller = await identified(request)
    limit = min(caller.parts.settings.max_body_mb * 2**20, LARGEST_JSON)
    body = b"".join([chunk async for chunk in counted(request, limit)])
    told = f"?{request.url.query}\n".encode() + body
    return await once(
        caller, named(request, caller, key, told), lambda: handler(_with(request, body))
    )


async def once(
    caller: Caller, key: IdempotencyKey, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Answer as before under this key, or do the work and keep its answer."""
    answers = caller.parts.service.store.answers
    earlier = await to_thread.run_sync(lambda: answers.begin(caller.name, key, patience=PATIENCE))
    if earlier is not None:
        return _again(earlier)
    try:
        response = await work()
    except Exception:
        await to_thread.run_sync(answers.drop, caller.name, key)
        raise
    await to_thread.run_sync(answers.keep, caller.name, key, _kept(response))
    return response


def named(request: Request, caller: Caller, key: str, told: bytes) -> IdempotencyKey:
    """The key on its route, with a fingerprint of what was told: made with a secret, since it may
    hold a password, which a plain hash would let be guessed."""
    scope = f"{request.method} {request.url.path}"
    digest = hmac.new(caller.parts.repeat_secret, scope.encode() + told, hashlib.sha256)
    return IdempotencyKey(scope=scope, key=key, fingerprint=digest.hexdigest())


def _with(request: Request, body: bytes) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _kept(response: Response) -> KeptAnswer:
    is_secret = response.headers.get("cache-control") == NO_STORE["Cache-Control"]
    return KeptAnswer(response.status_code, None if is_secret else bytes(response.body).decode())


def _again(answer: KeptAnswer) -> Response:
    if answer.body is None:
        raise Conflict(
            "expected a new Idempotency-Key, got one under which this was done: the answer held a"
            " secret, which is shown once; if it did not arrive, remove what was made or change it"
            " again"
        )
    return Response(
        answer.body,
        answer.status,
        {"Idempotent-Replayed": "true"},
        "application/json" if answer.body else None,
    )
