"""Signing in, and the caller of every other route."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, Headers
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import HTTPConnection
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.events.log import tell_about
from headway.http.accounts import Identity
from headway.http.addresses import address_of
from headway.http.limits import check_encoding, counted
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.http.tickets import LIFETIME
from headway.http.tokens import BadToken
from headway.rights import Scope
from headway.store.identity import User
from headway.wire.base import encode, moment, moment_or_none
from headway.wire.users import TicketAnswer, TokenAnswer, UserView

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
NO_STORE: Final = {"Cache-Control": "no-store"}

router = APIRouter(tags=["users"])


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Guard = Callable[[Request], Awaitable[str]]
"""Answers with the name of whoever sent a request, where another application signs users in."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request, and what the route works with."""

    name: str
    identity: Identity
    parts: Parts

    def require(self, scope: Scope) -> None:
        """Raise 403 unless this caller may do that."""
        if scope not in self.identity.scopes:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "insufficient_scope",
                f"Not authorized: this needs the scope {scope}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )


async def opened(request: HTTPConnection) -> Parts:
    """The open service."""
    found: Parts = await request.app.state.lazy.opened()
    return found


_needed: Final[dict[Callable[..., Any], Scope]] = {}
_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Say what a caller of this endpoint must be allowed. Of others it is to read, or, unless the
    method only looks, to submit."""

    def mark(endpoint: Endpoint) -> Endpoint:
        _needed[endpoint] = scope
        return endpoint

    return mark


def needed_for(endpoint: object, method: str) -> Scope:
    """What a caller of the endpoint must be allowed."""
    found = _needed.get(endpoint)  # type: ignore[call-overload]  # whatever is routed to
    return found or (Scope.READ if method in _LOOKING else Scope.SUBMIT)


async def identified(request: Request) -> Caller:
    """The user whose bearer token came with the request, or whom the host's own sign-in names.
    Raise 403 unless he may do what this route is for."""
    caller = await _identified(request)
    caller.require(needed_for(request.scope.get("endpoint"), request.method))
    return caller


async def _identified(request: Request) -> Caller:
    parts = await opened(request)
    guard: Guard | None = request.app.state.guard
    if guard is None:
        identity = await identify(parts, request.headers)
    else:
        identity = parts.accounts.vouched(await guard(request))
    tell_about(user=identity.name)
    parts.rates.check(identity.name)
    return Caller(identity.name, identity, parts)


async def caller_if_any(request: Request) -> Caller | None:
    """The caller; None only when the request has no Authorization header at all, and nobody but
    us asks for one."""
    may_be_nobody = request.app.state.guard is None and "authorization" not in request.headers
    return None if may_be_nobody else await identified(request)


PartsDep = Annotated[Parts, Depends(opened)]
CallerDep = Annotated[Caller, Depends(identified)]


async def identify(parts: Parts, headers: Headers) -> Identity:
    """Whose bearer token the headers hold. Raise 401, or `NotAuthorized` if disabled."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Not authenticated")
    try:
        return await parts.accounts.identify(token.strip())
    except BadToken:
        raise unauthorized() from None


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


@router.get("/api/v1/users/me", response_model=UserView)
async def profile(caller: CallerDep) -> Response:
    """Who you are, and how much you asked for."""
    user = await caller.parts.accounts.profile(caller.name)
    if user is None:
        raise unauthorized()
    return json_answer(user_document(user))


def user_document(user: User) -> dict[str, Any]:
    """A user as everybody is shown him who may see him."""
    return {
        "username": user.name,
        "role": user.role.value,
        "disabled": user.disabled,
        "created_at": moment(user.created_at),
        "request_count": user.request_count,
        "last_request_time": moment_or_none(user.last_request_time),
    }


@router.post("/api/v1/tickets", response_model=TicketAnswer, status_code=201)
async def ticket(caller: CallerDep) -> Response:
    """A one-time ticket for a WebSocket, good for 30 seconds: `/ws/jobs/{id}?ticket=`."""
    issued = caller.parts.tickets.issue(caller.identity)
    answer = TicketAnswer(ticket=issued, expires_in=LIFETIME)
    return json_answer(answer.model_dump(), HTTPStatus.CREATED, headers=NO_STORE)


def json_answer(
    document: object, status: int = HTTPStatus.OK, *, headers: dict[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    return Response(encode(document), status, headers, "application/json")
