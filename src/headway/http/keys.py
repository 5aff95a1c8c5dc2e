"""The caller's own API keys."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from headway.http.auth import CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.json_answer import NO_STORE, json_answer
from headway.http.repeats import RepeatableRoute, repeatable
from headway.http.scopes import needs
from headway.identity.keys import Wish, make_key, remove_key
from headway.rights import Scope
from headway.store.identity import ApiKey
from headway.wire.base import moment, moment_or_none
from headway.wire.users import KeyMade, KeyRequest, KeyView

router = APIRouter(prefix="/api/v1/keys", tags=["users"], route_class=RepeatableRoute)


@router.get("", response_model=list[KeyView])
@needs(Scope.ACCOUNT)
def list_keys(caller: CallerDep) -> Response:
    """Your keys: what each is for and when it was used last. What a key is, is not kept."""
    return json_answer([_document(one) for one in caller.parts.keys.of_owner(caller.name)])


@router.post(
    "", response_model=KeyMade, status_code=HTTPStatus.CREATED, openapi_extra=body_of(KeyRequest)
)
@needs(Scope.ACCOUNT)
@repeatable
async def make(request: Request) -> Response:
    """Make a key, shown here once. A name is given once: a second request for it is a 409."""
    caller = await identified(request)
    body = await read_as(KeyRequest, request, caller)
    wish = Wish(body.name, frozenset(map(Scope, body.scopes)), body.expires_in_days)
    made = partial(make_key, caller.parts.keys, caller.name, caller.identity.role, wish)
    key, known = await to_thread.run_sync(made)
    return json_answer({"key": key, **_document(known)}, HTTPStatus.CREATED, headers=NO_STORE)


@router.delete("/{key_id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Scope.ACCOUNT)
@repeatable
def remove(caller: CallerDep, key_id: Annotated[str, Path(max_length=100)]) -> Response:
    """Remove a key: within seconds it opens nothing any more."""
    remove_key(caller.parts.keys, caller.name, key_id)
    caller.parts.accounts.forget()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": moment(key.created_at),
        "expires_at": moment_or_none(key.expires_at),
        "last_used_at": moment_or_none(key.last_used_at),
    }
