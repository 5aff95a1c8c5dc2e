"""Request bodies: counted while they stream in, parsed strictly, checked against a model."""

from http import HTTPStatus
from typing import Any, Final, TypeVar

from anyio import to_thread
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from headway.errors import InvalidInput
from headway.http.auth import Caller
from headway.http.limits import check_encoding, counted
from headway.http.problems import Refused
from headway.http.strict_json import parse
from headway.job import Json

REFERENCE: Final = "#/components/schemas/{model}"
_LARGE: Final = 65_536
"""Bodies from here on are parsed off the loop: a megabyte takes some ten milliseconds."""

M = TypeVar("M", bound=BaseModel)


async def read_json(request: Request, caller: Caller) -> Json:
    """The body as JSON. It takes the caller, so that strangers' bodies are never read."""
    given = request.headers.get("content-type", "")
    if given:
        _check_media_type(given)
    check_encoding(request)
    limit = caller.parts.settings.max_body_mb * 2**20
    body = b"".join([chunk async for chunk in counted(request, limit)])
    if not body:
        raise InvalidInput("expected a JSON body, got none")
    _check_media_type(given)
    try:
        return parse(body) if len(body) < _LARGE else await to_thread.run_sync(parse, body)
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed_json", str(error)) from None


def _check_media_type(given: str) -> None:
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
