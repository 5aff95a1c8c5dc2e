"""What callers do to their own accounts: end their tokens, change their password."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headway.http.auth import CallerDep, identified, needs, token_answer
from headway.http.bodies import body_of, read_as
from headway.http.password_rules import check_password
from headway.http.problems import Refused
from headway.rights import Scope
from headway.wire.users import PasswordRequest, TokenAnswer

router = APIRouter(prefix="/api/v1", tags=["users"])


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
    token = await accounts.change_password(caller.name, old, new)
    if token is None:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "wrong_password",
            "expected your present password in current_password, got another",
            errors=[("/current_password", "not your present password")],
        )
    return token_answer(caller.parts, token)
