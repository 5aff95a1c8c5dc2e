"""What callers see of their own accounts, and do to them: take tickets and other passwords, end
their tokens, leave."""

from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headway.errors import Conflict
from headway.http.addresses import address_of
from headway.http.auth import CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.json_answer import NO_STORE, json_answer
from headway.http.problems import Refused, unauthorized
from headway.http.scopes import needs
from headway.http.sign_in import token_answer
from headway.identity.rules import check_password
from headway.identity.tickets import LIFETIME
from headway.rights import Role, Scope
from headway.store.identity import User
from headway.wire.base import moment, moment_or_none
from headway.wire.users import (
    DeleteAccountRequest,
    ErasedView,
    PasswordRequest,
    TicketAnswer,
    TokenAnswer,
    UserView,
)

router = APIRouter(prefix="/api/v1", tags=["users"])


@router.get("/users/me", response_model=UserView)
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


@router.post("/tickets", response_model=TicketAnswer, status_code=201)
async def ticket(caller: CallerDep) -> Response:
    """A one-time ticket for a WebSocket, good for 30 seconds: `/ws/jobs/{id}?ticket=`."""
    issued = caller.parts.tickets.issue(caller.identity)
    answer = TicketAnswer(ticket=issued, expires_in=LIFETIME)
    return json_answer(answer.model_dump(), HTTPStatus.CREATED, headers=NO_STORE)


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
@needs(Scope.ACCOUNT)
async def sign_out(
    caller: CallerDep,
    everywhere: Annotated[bool, Query(description="All your tokens, not only this one")] = False,
) -> Response:
    """End this token, or with `everywhere` every token that was ever given out to you."""
    await caller.parts.accounts.sign_out(caller.identity, everywhere=everywhere)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post(
    "/users/me/password", response_model=TokenAnswer, openapi_extra=body_of(PasswordRequest)
)
@needs(Scope.ACCOUNT)
async def change_password(request: Request) -> Response:
    """Take another password. Every token given out before is void; the answer is a new one."""
    caller = await identified(request)
    body = await read_as(PasswordRequest, request, caller)
    check_password(body.new_password, caller.name, pointer="/new_password")
    accounts = caller.parts.accounts
    old, new = body.current_password, body.new_password
    address = address_of(request, caller.parts.settings.trusted_proxies)
    token = await accounts.change_password(caller.name, old, new, address)
    if token is None:
        raise _wrong_password("current_password")
    return token_answer(caller.parts, token)


@router.post(
    "/users/me/delete", response_model=ErasedView, openapi_extra=body_of(DeleteAccountRequest)
)
@needs(Scope.ACCOUNT)
async def leave(request: Request) -> Response:
    """Remove your account with your jobs, data sets, models, files, keys, statistics and lines in
    the prediction log. 409 while you share something with everybody, unless `shared` is true."""
    caller = await identified(request)
    body = await read_as(DeleteAccountRequest, request, caller)
    if caller.identity.role is Role.ADMIN:
        raise Conflict("expected another user, got an admin; another admin can remove you")
    address = address_of(request, caller.parts.settings.trusted_proxies)
    if not await caller.parts.accounts.proved(caller.name, body.password, address):
        raise _wrong_password("password")
    erase = partial(caller.parts.service.eraser.erase, caller.name, shared=body.shared)
    erased = await to_thread.run_sync(erase)
    caller.parts.accounts.forget()
    return json_answer(asdict(erased))


def _wrong_password(field: str) -> Refused:
    return Refused(
        HTTPStatus.FORBIDDEN,
        "wrong_password",
        f"expected your present password in {field}, got another",
        errors=[(f"/{field}", "not your present password")],
    )
