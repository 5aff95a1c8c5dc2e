"""What a route answers with, in JSON."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from headway.wire.base import encode

NO_STORE: Final = {"Cache-Control": "no-store"}
"""For what nobody in between may keep."""


def json_answer(
    document: object, status: int = HTTPStatus.OK, *, headers: dict[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    return Response(encode(document), status, headers, "application/json")
