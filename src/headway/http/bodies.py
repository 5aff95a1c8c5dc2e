"""Request bodies: counted while they stream in, parsed strictly, checked against a model."""

from http import HTTPStatus
from typing import Any, Final, TypeVar

from anyio import to_thread
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from headway.errors import InvalidInput
from headway.http.auth import Caller
from headway.http.problems import Refused
from headway.http.strict_json import parse
from headway.job import Json

REFERENCE: Final = "#/components/schemas/{model}"
_LARGE: Final = 65_536
"""Bodies from here on are parsed off the loop: a megabyte takes some ten milliseconds."""

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, refused with 413 as soon as it is known to be too large."""
    _refuse_declared(request, limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> Refused:
    """The refusal of a body past the limit."""
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"expected a body of at most {limit} bytes, got more; larger work goes in as a file",
    )


def _refuse_declared(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise too_large(limit)


def check_encoding(request: Request) -> None:
    """Refuse compressed bodies: their size says nothing about what they unpack to."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            f"expected a body without Content-Encoding, got: {encoding[:80]!r}",
        )


async def read_json(request: Request, caller: Caller) -> Json:
    """The body as JSON. It takes the caller, so that strangers' bodies are never read."""
    _check_media_type(request)
    check_encoding(request)
    body = await read_body(request, caller.parts.settings.max_body_mb * 2**20)
    try:
        return parse(body) if len(body) < _LARGE else await to_thread.run_sync(parse, body)
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed_json", str(error)) from None


def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given == "application/json":
        return
    kind, _, parameters = given.lower().partition(";")
    kind = kind.strip()
    charset = parameters.partition("charset=")[2].strip(' "')
    named = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not named or charset not in ("", "utf-8", "utf8"):
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            f"expected Content-Type: application/json, got: {given[:80]!r}",
        )


async def read_as(model: type[M], request: Request, caller: Caller) -> M:
    """The body as the model has it, or `InvalidInput` with a pointer to each mistake."""
    value = await read_json(request, caller)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [
            ("".join(f"/{_escaped(part)}" for part in one["loc"]), one["msg"])
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        detail = "; ".join(f"{at or '/'}: {what}" for at, what in found[:5])
        raise InvalidInput(detail, errors=found) from None


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def body_of(model: type[BaseModel], *, example: Json = None) -> dict[str, Any]:
    """How OpenAPI describes a body that `read_as` reads."""
    content: dict[str, Any] = {"schema": model.model_json_schema(ref_template=REFERENCE)}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
