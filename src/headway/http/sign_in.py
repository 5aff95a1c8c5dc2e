"""Signing in: a user name and a password buy a bearer token."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.http.addresses import address_of
from headway.http.auth import opened
from headway.http.json_answer import NO_STORE, json_answer
from headway.http.limits import check_encoding, counted
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.wire.users import TokenAnswer

LARGEST_FORM: Final = 65_536
FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["username", "password"],
                    "properties": {
                        "username": {"type": "string"},
                        "password": {"type": "string", "format": "password"},
                        "grant_type": {"type": "string", "const": "password"},
                    },
                }
            }
        },
    }
}

router = APIRouter(tags=["users"])


@router.post("/token", response_model=TokenAnswer, openapi_extra=FORM)
async def sign_in(request: Request) -> Response:
    """Exchange a user name and password for a bearer token (OAuth2 password form)."""
    parts = await opened(request)
    name, password = await _credentials(request)
    address = address_of(request, parts.settings.trusted_proxies)
    token = await parts.accounts.sign_in(name, password, address)
    if token is None:
        raise unauthorized("Incorrect username or password")
    return token_answer(parts, token)


def token_answer(parts: Parts, token: str) -> Response:
    """A fresh token, as the OAuth2 password form is answered."""
    answer = TokenAnswer(access_token=token, expires_in=parts.accounts.token_seconds)
    return json_answer(answer.model_dump(), headers=NO_STORE)


async def _credentials(request: Request) -> tuple[str, str]:
    """The form's name and password; FastAPI would read a form of any size."""
    form = await _form(request)
    if form.get("grant_type", "password") != "password":
        raise InvalidInput("expected grant_type=password, got another", pointer="/grant_type")
    told = [name for name, _ in form.multi_items()]
    if twice := sorted({name for name in told if told.count(name) > 1}):
        detail = f"expected each field of the form once, got twice: {', '.join(twice)[:200]}"
        raise InvalidInput(detail, errors=[(f"/{name[:80]}", "Given twice") for name in twice])
    missing = [name for name in ("username", "password") if not form.get(name)]
    if missing:
        detail = f"expected username and password, got no {' and no '.join(missing)}"
        raise InvalidInput(detail, errors=[(f"/{name}", "Field required") for name in missing])
    return str(form["username"]), str(form["password"])


async def _form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    check_encoding(request)
    stream = counted(request, LARGEST_FORM)
    try:
        match kind:
            case "application/x-www-form-urlencoded":
                return await FormParser(request.headers, stream).parse()
            case "multipart/form-data":
                parser = MultiPartParser(request.headers, stream, max_files=0, max_fields=20)
                return await parser.parse()
    except (FormParserError, MultiPartException) as error:
        detail = f"expected a form, got a body that cannot be read: {error}"
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed_form", detail) from None
    raise Refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        f"expected Content-Type: application/x-www-form-urlencoded, got: {kind[:80]!r}",
    )
