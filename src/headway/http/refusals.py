"""The answer to who cannot be let in: the same from the border and from the server before it."""

import random
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import orjson

Headers = list[tuple[bytes, bytes]]

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = b"1"
_IN_PATHS: Final = "/:@!$&'()*+,;=~"
"""What may stand in a path as it is, beside letters, digits and `-._` (RFC 3986)."""

ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What every answer says."""
UNLESS_SAID: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What an answer that says nothing else is: somebody's own, and no page."""


def new_request_id() -> bytes:
    """An id that tells requests apart; nobody trusts it."""
    return b"%016x" % random.getrandbits(64)


def document(
    status: int, code: str, detail: str, *, path: str, request_id: str, **more: object
) -> bytes:
    """A problem document (RFC 9457), with these further members."""
    told = {
        "type": f"urn:headway:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": _reference(path),
        "code": code,
        "request_id": request_id,
        **more,
    }
    return orjson.dumps(told)


def _reference(path: str) -> str:
    """The path as a URI reference, whatever bytes it was sent as."""
    return quote(path.encode("utf-8", "surrogatepass"), safe=_IN_PATHS)


def refusal(
    status: int,
    code: str,
    detail: str,
    *,
    path: str,
    request_id: str,
    limit: int | None = None,
) -> tuple[Headers, bytes]:
    """Headers and body of a problem document; with a `limit` it says when to come again."""
    more = {} if limit is None else {"limit": limit, "current": limit}
    body = document(status, code, detail, path=path, request_id=request_id, **more)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if limit is not None:
        headers.append((b"retry-after", RETRY_SECONDS))
    return headers, body


def lines(headers: Headers) -> bytes:
    """These headers and those of every answer, as they are sent."""
    return b"".join(b"%b: %b\r\n" % one for one in (*headers, *ALWAYS, *UNLESS_SAID))


def overloaded(bound: int, *, path: str, request_id: str) -> tuple[Headers, bytes]:
    """What a request is told that comes while there are too many."""
    detail = (
        f"expected at most {bound} requests at work in this process, as many as it can answer in"
        " good time (never more than HEADWAY_MAX_IN_FLIGHT), got one more; nothing was done, try"
        " again in a moment"
    )
    return refusal(503, "overloaded", detail, path=path, request_id=request_id, limit=bound)
