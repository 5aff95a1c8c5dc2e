"""Request bodies: counted while they stream in, parsed strictly, checked against a model."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

from anyio import to_thread
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from headway.errors import InvalidInput
from headway.http.auth import Caller
from headway.http.limits import check_encoding, counted
from headway.http.problems import Refused
from headway.http.strict_json import parse
from headway.job import Json
from headway.mistakes import mistakes, summary

REFERENCE: Final = "#/components/schemas/{model}"
LARGEST_JSON: Final = 16 * 2**20
"""Bytes. Parsing holds the interpreter, and whoever else is answered waits: what is larger goes in
as a file, which is never parsed here."""
_LARGE: Final = 65_536
"""Bodies from here on are parsed off the loop: a megabyte takes some ten milliseconds."""

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


async def read_json(request: Request, caller: Caller) -> Json:
    """The body as JSON. It takes the caller, so that strangers' bodies are never read."""
    return await _read(request, caller, _parsed)


async def read_as(model: type[M], request: Request, caller: Caller) -> M:
    """The body as the model has it, or `InvalidInput` with a pointer to each mistake."""

    def understood(body: bytes) -> M:
        try:
            return model.model_validate(_parsed(body))
        except ValidationError as error:
            found = mistakes(error)
            raise InvalidInput(summary(found), errors=found) from None

    return await _read(request, caller, understood)


async def _read(request: Request, caller: Caller, understood: Callable[[bytes], T]) -> T:
    given = request.headers.get("content-type", "")
    if given:
        _check_media_type(given)
    check_encoding(request)
    limit = min(caller.parts.settings.max_body_mb * 2**20, LARGEST_JSON)
    chunks = [chunk async for chunk in counted(request, limit)]
    size = sum(map(len, chunks))
    if not size:
        raise InvalidInput("expected a JSON body, got none")
    _check_media_type(given)

    def whole() -> T:  # on the loop, also putting it together would keep the others waiting
        return understood(b"".join(chunks))

    return whole() if size < _LARGE else await to_thread.run_sync(whole)


def _parsed(body: bytes) -> Json:
    try:
        return parse(body)
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed_json", str(error)) from None


def _check_media_type(given: str) -> None:
    if given == "application/json":
        return
    raw, parameters = parse_options_header(given)
    kind = raw.decode("latin-1")
    charset = parameters.get(b"charset", b"").lower()
    named = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not named or charset not in (b"", b"utf-8", b"utf8"):
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            f"expected Content-Type: application/json, got: {given[:80]!r}",
        )


def body_of(model: type[BaseModel], *, example: Json = None) -> dict[str, Any]:
    """How OpenAPI describes a body that `read_as` reads."""
    content: dict[str, Any] = {"schema": model.model_json_schema(ref_template=REFERENCE)}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
