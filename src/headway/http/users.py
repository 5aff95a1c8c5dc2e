"""Users, for those who may make and change them."""

import secrets
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.errors import Conflict, NotFound
from headway.http.auth import Caller, CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.json_answer import NO_STORE, json_answer
from headway.http.own_account import user_document
from headway.http.paging import next_page
from headway.http.repeats import RepeatableRoute, repeatable
from headway.http.scopes import needs
from headway.identity.rules import check_name, check_password
from headway.rights import Role, Scope
from headway.store.identity import User
from headway.wire.places import place
from headway.wire.users import ErasedView, UserChange, UserMade, UserRequest, UserView

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=RepeatableRoute)

Name = Annotated[str, Path(max_length=200, description="The user's name")]


@router.get("", response_model=list[UserView])
@needs(Scope.ADMIN)
def list_users(
    caller: CallerDep,
    after: Annotated[str, Query(max_length=200, description="Only names past this one")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """All users by their names. `Link: rel="next"` leads to the next page."""
    found = caller.parts.service.store.users.page(after=after, limit=limit + 1)
    headers = {}
    if len(found) > limit:
        found = found[:limit]
        headers = next_page(place("/api/v1/users"), {"after": found[-1].name, "limit": limit})
    return json_answer([user_document(one) for one in found], headers=headers)


@router.post(
    "", response_model=UserMade, status_code=HTTPStatus.CREATED, openapi_extra=body_of(UserRequest)
)
@needs(Scope.ADMIN)
@repeatable
async def make(request: Request) -> Response:
    """Make a user. A name is given once: a second request for it is a 409."""
    caller = await identified(request)
    body = await read_as(UserRequest, request, caller)
    check_name(body.username, pointer="/username")
    if body.password is not None:
        check_password(body.password, body.username, pointer="/password")
    password = body.password or secrets.token_urlsafe(18)
    kept = await caller.parts.accounts.hash_aside(password)
    users = caller.parts.service.store.users
    add = partial(users.add, body.username, kept, role=Role(body.role))
    if not await to_thread.run_sync(add):
        raise Conflict("expected a new name, got one that somebody has")
    made = await to_thread.run_sync(_known, caller, body.username)
    shown = {} if body.password is not None else {"password": password}
    headers = NO_STORE if shown else None
    return json_answer(user_document(made) | shown, HTTPStatus.CREATED, headers=headers)


@router.get("/{name}", response_model=UserView)
@needs(Scope.ADMIN)
def show(caller: CallerDep, name: Name) -> Response:
    """One user, and what he asked for so far. Of his jobs and data nothing is told."""
    return json_answer(user_document(_known(caller, name)))


@router.patch("/{name}", response_model=UserView, openapi_extra=body_of(UserChange))
@needs(Scope.ADMIN)
@repeatable
async def change(request: Request, name: Name) -> Response:
    """Give a user another role or password, or let him in no more. His tokens are void; his keys
    stay, for what the role allows. Nobody changes his own role or disables himself: there would
    be nobody left to take it back."""
    caller = await identified(request)
    body = await read_as(UserChange, request, caller)
    if name == caller.name and (body.role is not None or body.disabled):
        raise Conflict("expected another user, got yourself; another admin can do that")
    await to_thread.run_sync(_known, caller, name)
    kept = None
    if body.password is not None:
        check_password(body.password, name, pointer="/password")
        kept = await caller.parts.accounts.hash_aside(body.password)
    changed = await to_thread.run_sync(
        partial(
            caller.parts.service.store.users.change,
            name,
            password_hash=kept,
            disabled=body.disabled,
            role=None if body.role is None else Role(body.role),
        )
    )
    caller.parts.accounts.forget()
    return json_answer(user_document(changed))


@router.delete("/{name}", response_model=ErasedView)
@needs(Scope.ADMIN)
@repeatable
def remove(
    caller: CallerDep,
    name: Name,
    shared: Annotated[bool, Query(description="What he shares goes too")] = False,
) -> Response:
    """Remove a user with his jobs, data sets, models, files, keys, statistics and lines in the
    prediction log. 409 while he shares something with everybody, unless it may go too."""
    if name == caller.name:
        raise Conflict("expected another user, got yourself; another admin can do that")
    erased = caller.parts.service.eraser.erase(name, shared=shared)
    caller.parts.accounts.forget()
    return json_answer(asdict(erased))


def _known(caller: Caller, name: str) -> User:
    found = caller.parts.service.store.users.get(name)
    if found is None:
        raise NotFound("expected the name of a user, got another")
    return found
