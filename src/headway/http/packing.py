"""Long answers, packed for those who can unpack them: lists and descriptions, and never a stream."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PACKED: Final = frozenset(
    {
        "/openapi.json",
        "/api/v1/operations",
        "/api/v1/jobs",
        "/api/v1/datasets",
        "/api/v1/models",
    }
)
"""Whole answers of many records that resemble each other. None of them holds a secret beside what a
stranger wrote, whose size would tell the secret."""
_SHORTEST: Final = 2_000
"""Bytes; shorter ones fit into a packet or two as they are."""
_NO_WEIGHT: Final = re.compile(r"\s*q\s*=\s*0(\.0{0,3})?\s*")
_EFFORT: Final = 4
"""Of 9: a list of a hundred jobs takes a millisecond and a half, and shrinks to a tenth."""


class Packing:
    """Packs the answers of these paths with gzip, and leaves all others alone: what jobs say while
    they run must leave at once, and whoever polls one job asks for little."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packing = GZipMiddleware(app, minimum_size=_SHORTEST, compresslevel=_EFFORT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with or without packing the answer."""
        packs = scope["type"] == "http" and scope["path"] in PACKED and scope["method"] == "GET"
        if packs and _refuses_gzip(Headers(scope=scope)):
            scope = _silent(scope)
        await (self._packing if packs else self._app)(scope, receive, send)


def _refuses_gzip(headers: Headers) -> bool:
    """True when the client gives gzip no weight. The middleware looks for the word alone."""
    for one in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip" and _NO_WEIGHT.fullmatch(weight):
            return True
    return False


def _silent(scope: Scope) -> Scope:
    """The request without what it says of packing."""
    rest = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
    return {**scope, "headers": rest}
