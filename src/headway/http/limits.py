"""Bodies are counted while they stream in: what a client says of their size proves nothing."""

from collections.abc import AsyncGenerator
from http import HTTPStatus

from starlette.requests import Request

from headway.http.problems import Refused


async def counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The pieces of the body; refused with 413 as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"expected a body of at most {limit} bytes, got more",
        more={"limit": limit},
    )


def check_encoding(request: Request) -> None:
    """Refuse compressed bodies: their size says nothing about what they unpack to."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            f"expected a body without Content-Encoding, got: {encoding[:80]!r}",
        )
