"""The caller of a route: who asks, with what he may do and works with."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from headway.events.log import tell_about
from headway.http.application import application_of
from headway.http.in_flight import take_turn
from headway.http.no_body import expect_no_body
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.http.scopes import needed_for
from headway.identity.accounts import Identity
from headway.identity.tokens import BadToken
from headway.rights import Scope

_CALLER: Final = "headway.caller"


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
    return await application_of(request).parts.opened()


async def identified(request: Request) -> Caller:
    """The user whose bearer token came with the request, or whom the host's own sign-in names.
    Raise 403 unless he may do what this route is for."""
    caller: Caller | None = request.scope.get(_CALLER)
    if caller is None:
        # Once, whoever asks: a request counts as one, and leaves no turn to wait for the next.
        caller = request.scope[_CALLER] = await _identified(request)
    caller.require(needed_for(request.scope.get("endpoint"), request.method))
    return caller


async def _identified(request: Request) -> Caller:
    parts = await opened(request)
    guard = application_of(request).guard
    if guard is None:
        identity = await identify(parts, request.headers)
    else:
        identity = parts.accounts.vouched(await guard(request))
    tell_about(user=identity.name)
    parts.rates.check(identity.name)
    await take_turn(identity.name, request.headers.get("authorization", "").encode("latin-1"))
    return Caller(identity.name, identity, parts)


async def alone(request: Request) -> Caller:
    """The caller of a route, with no more of a body than it takes."""
    caller = await identified(request)
    await expect_no_body(request)  # after: of strangers nothing is read
    return caller


async def caller_if_any(request: Request) -> Caller | None:
    """The caller; None only when the request has no Authorization header at all, and nobody but
    us asks for one."""
    may_be_nobody = application_of(request).guard is None and "authorization" not in request.headers
    return None if may_be_nobody else await identified(request)


PartsDep = Annotated[Parts, Depends(opened)]
CallerDep = Annotated[Caller, Depends(alone)]


async def identify(parts: Parts, headers: Headers) -> Identity:
    """Whose bearer token the headers hold. Raise 401, or `NotAuthorized` if disabled."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Not authenticated")
    try:
        return await parts.accounts.identify(token.strip())
    except BadToken:
        raise unauthorized() from None
