"""Data sets and models, their versions and their aliases, as flows."""

from typing import Final, Literal
from urllib.parse import quote

from pydantic import TypeAdapter

from headway.client.calls import Call, get, post
from headway.client.errors import NotFound
from headway.client.reading import asked, next_page, read_as
from headway.client.session import Session
from headway.client.turn import Flow
from headway.wire.catalog import (
    AliasMoveView,
    AliasView,
    ArtifactDetail,
    ArtifactView,
    LineageView,
)

Kind = Literal["datasets", "models"]

PAGE: Final = 1000

_ARTIFACTS: Final = TypeAdapter(list[ArtifactView])
_DETAIL: Final = TypeAdapter(ArtifactDetail)
_ALIAS: Final = TypeAdapter(AliasView)
_LINEAGE: Final = TypeAdapter(LineageView)
_MOVES: Final = TypeAdapter(list[AliasMoveView])
_ALIASES: Final = TypeAdapter(list[AliasView])


def find(session: Session, kind: Kind, name: str | None) -> Flow[list[ArtifactView]]:
    """Every version that the user sees, newest first."""
    return _pages(session, get(f"/api/v1/{kind}", params={"name": name, "limit": PAGE}))


def versions(session: Session, kind: Kind, name: str) -> Flow[list[ArtifactView]]:
    """The versions of a name, newest first."""
    return _pages(session, get(f"{_url(kind, name)}/versions", params={"limit": PAGE}))


def _pages(session: Session, first: Call) -> Flow[list[ArtifactView]]:
    found: list[ArtifactView] = []
    call: Call | None = first
    while call is not None:
        response = yield from session.answer(call)
        page: list[ArtifactView] = read_as(_ARTIFACTS, response)
        found += page
        call = next_page(response)
    return found


def one(session: Session, kind: Kind, reference: str) -> Flow[ArtifactDetail]:
    """A version, and what went into it."""
    return asked(session, get(_url(kind, reference)), _DETAIL)


def delete(session: Session, kind: Kind, reference: str) -> Flow[None]:
    """The version is no more. Under a key: a repeat, after a lost answer, is answered as the first."""
    yield from session.answer(post(_url(kind, reference), method="DELETE"))


def share(session: Session, kind: Kind, reference: str, *, shared: bool) -> Flow[ArtifactDetail]:
    """Who sees the version is as said. Saying it twice is the same, so it has a key like a POST."""
    call = post(_url(kind, reference), {"shared": shared}, method="PATCH")
    return asked(session, call, _DETAIL)


def lineage(session: Session, kind: Kind, reference: str) -> Flow[LineageView]:
    """What the version came from, and what came of it."""
    return asked(session, get(f"{_url(kind, reference)}/lineage"), _LINEAGE)


def moves(session: Session, kind: Kind, name: str, alias: str) -> Flow[list[AliasMoveView]]:
    """Where an alias pointed, newest first."""
    call = get(f"{_alias_url(kind, name, alias)}/history", params={"limit": PAGE})
    return asked(session, call, _MOVES)


def aliases(session: Session, name: str) -> Flow[list[AliasView]]:
    """The aliases of a model, and where each points."""
    return asked(session, get(f"{_url('models', name)}/aliases"), _ALIASES)


def promote(
    session: Session,
    name: str,
    version: int | str,
    alias: str,
    kind: Kind,
    expected: int | str | None,
) -> Flow[AliasView]:
    """The alias points to this version."""
    body = {"version": version, "expected": expected}
    return asked(session, post(_alias_url(kind, name, alias), body, method="PUT"), _ALIAS)


def roll_back(session: Session, name: str, alias: str) -> Flow[AliasView]:
    """The alias points to where it pointed before, one step and not two, however often it is sent."""
    now = yield from _alias(session, name, alias)
    call = post(f"{_alias_url('models', name, alias)}/rollback", params={"expected": now.version})
    return (yield from asked(session, call, _ALIAS))


def _alias(session: Session, name: str, alias: str) -> Flow[AliasView]:
    for found in (yield from aliases(session, name)):
        if found.alias == alias:
            return found
    raise NotFound(404, f"expected an alias of {name}, got: {alias!r}", "not_found")


def _url(kind: Kind, reference: str) -> str:
    return f"/api/v1/{kind}/{quote(reference, safe='@:')}"


def _alias_url(kind: Kind, name: str, alias: str) -> str:
    return f"{_url(kind, name)}/aliases/{quote(alias, safe='')}"
