"""Aliases of models and data sets: promotion moves one, a rollback moves it back."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.http.auth import CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.catalog import KINDS, Limit
from headway.http.json_answer import json_answer
from headway.http.repeats import RepeatableRoute, repeatable
from headway.store.values.artifacts import Alias, AliasMove, AliasName
from headway.wire.base import moment
from headway.wire.catalog import AliasMoveView, AliasRequest, AliasView

router = APIRouter(prefix="/api/v1", tags=["catalog"], route_class=RepeatableRoute)

Name = Annotated[str, Path(max_length=200, description="A name of yours")]
AliasOf = Annotated[str, Path(max_length=100)]

_EXPECTED: Final = "Move it only if it points to this version now: that makes it safe to repeat"


def _add_looks(kind: str) -> None:
    """What shows a model's aliases or a data set's: the same for both."""

    @router.get(_aliases_of(kind), response_model=list[AliasView], name=f"List {kind} aliases")
    def list_aliases(caller: CallerDep, name: Name) -> Response:
        """The aliases of a name, and the version each points to."""
        found = caller.parts.catalog.aliases(caller.name, kind, name)
        return json_answer([_alias(alias) for alias in found])

    @router.get(
        _alias_of(kind) + "/history",
        response_model=list[AliasMoveView],
        name=f"{kind} alias history",
    )
    def list_moves(caller: CallerDep, name: Name, alias: AliasOf, limit: Limit = 100) -> Response:
        """Where an alias pointed, newest first."""
        which = AliasName(owner=caller.name, kind=kind, name=name, alias=alias)
        return json_answer([_move(m) for m in caller.parts.catalog.moves(which, limit=limit)])


def _add_changes(kind: str) -> None:
    """What moves and removes them."""
    one = _alias_of(kind)

    @router.put(
        one,
        response_model=AliasView,
        openapi_extra=body_of(AliasRequest),
        name=f"Point {kind} alias",
    )
    @repeatable
    async def point(request: Request, name: Name, alias: AliasOf) -> Response:
        """Promote a version: the alias points to it when this answers."""
        caller = await identified(request)
        wish = await read_as(AliasRequest, request, caller)
        which = AliasName(owner=caller.name, kind=kind, name=name, alias=alias)

        expected = None if wish.expected is None else str(wish.expected)
        point = partial(caller.parts.catalog.point, which, str(wish.version), expected=expected)
        return json_answer(_alias(await to_thread.run_sync(point)))

    @router.post(one + "/rollback", response_model=AliasView, name=f"Roll back {kind} alias")
    @repeatable
    def roll_back(
        caller: CallerDep,
        name: Name,
        alias: AliasOf,
        expected: Annotated[str | None, Query(max_length=200, description=_EXPECTED)] = None,
    ) -> Response:
        """Move an alias to where it pointed before; done again, to where it pointed before that."""
        which = AliasName(owner=caller.name, kind=kind, name=name, alias=alias)
        return json_answer(_alias(caller.parts.catalog.roll_back(which, expected=expected)))

    @router.delete(one, status_code=HTTPStatus.NO_CONTENT, name=f"Remove {kind} alias")
    @repeatable
    def remove(caller: CallerDep, name: Name, alias: AliasOf) -> Response:
        """Remove an alias. The version it pointed to stays, and so does its history."""
        which = AliasName(owner=caller.name, kind=kind, name=name, alias=alias)
        caller.parts.catalog.remove_alias(which)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _aliases_of(kind: str) -> str:
    return f"/{kind}s/{{name}}/aliases"


def _alias_of(kind: str) -> str:
    return f"{_aliases_of(kind)}/{{alias}}"


for _kind in KINDS:
    _add_looks(_kind)
    _add_changes(_kind)


def _alias(alias: Alias) -> dict[str, Any]:
    return {
        "name": alias.name,
        "alias": alias.alias,
        "reference": f"{alias.name}@{alias.alias}",
        "version": alias.version,
        "id": alias.artifact_id,
        "moved_at": moment(alias.moved_at),
    }


def _move(move: AliasMove) -> dict[str, Any]:
    return {
        "version": move.version,
        "id": move.artifact_id,
        "at": moment(move.at),
        "job_id": move.job_id,
    }
