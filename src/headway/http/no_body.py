"""Routes that take no body: what is sent to them all the same is bounded, and refused unless empty."""

from typing import Final

from starlette.requests import Request

from headway.errors import InvalidInput
from headway.http.limits import counted
from headway.http.strict_json import parse
from headway.mistakes import MOST, pointer, summary

_LONGEST: Final = 65_536
"""Bytes that are read to say what is wrong with them."""
_WITHOUT: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Here a body has no meaning, and nobody reads one."""


async def expect_no_body(request: Request) -> None:
    """Raise `InvalidInput` for a body that is more than an empty JSON object, unless the request's
    route says in OpenAPI that it takes one."""
    if request.method in _WITHOUT or not _may_have_body(request) or _takes_body(request):
        return
    body = b"".join([chunk async for chunk in counted(request, _LONGEST)]).strip()
    if not body:
        return
    try:
        told = parse(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise InvalidInput("expected no body, or an empty JSON object, got something else")
    if told:
        found = [(pointer([name]), "expected no such field") for name in told][:MOST]
        raise InvalidInput(summary(found), errors=found)


def _may_have_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return "transfer-encoding" in request.headers or length != "0"


def _takes_body(request: Request) -> bool:
    described = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    return "requestBody" in described
