"""What there is to work with: data sets and models."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.artifacts import BUNDLED, BUNDLED_PREFIX
from headway.http.auth import Caller, CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.json_answer import json_answer
from headway.http.paging import next_page
from headway.http.repeats import RepeatableRoute, repeatable
from headway.job import Json
from headway.store.values.artifacts import StoredArtifact
from headway.wire.base import moment
from headway.wire.catalog import ArtifactDetail, ArtifactView, ShareRequest
from headway.wire.places import place

KINDS: Final = ("dataset", "model")

router = APIRouter(prefix="/api/v1", tags=["catalog"], route_class=RepeatableRoute)

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=100, description="From a Link header")]
Reference = Annotated[
    str,
    Path(
        max_length=300,
        description="`name` (its newest version), `name@version`, `name@alias`, an id, or"
        " `owner:name@version` for what others share",
    ),
]


def _add_looks(kind: str) -> None:
    """What shows data sets or models: the same for both."""
    plural = f"{kind}s"

    @router.get(f"/{plural}", response_model=list[ArtifactView], name=f"List {plural}")
    def list_all(
        caller: CallerDep,
        name: Annotated[str | None, Query(max_length=200)] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """Every version that is yours or shared, newest first, then what comes with the package.
        `Link: rel="next"` leads to the next page."""
        before = None if cursor is None else caller.parts.cursors.open(cursor)
        found = caller.parts.catalog.find(
            caller.name, kind, name=name, before=before, limit=limit + 1
        )
        more = len(found) > limit
        bundled = [] if more else [one for one in sorted(BUNDLED[kind]) if name in (None, one)]
        documents = _documents(caller, found[:limit]) + [_bundled(kind, one) for one in bundled]
        asked = {"name": name} if name is not None else {}
        path = place(f"/api/v1/{plural}")
        return json_answer(documents, headers=link_to_next(caller, found, limit, path, asked))

    @router.get(f"/{plural}/{{ref}}", response_model=ArtifactDetail, name=f"Get {kind}")
    def get_one(caller: CallerDep, ref: Reference) -> Response:
        """One version: what is known about it, and what it was made from."""
        return json_answer(_detail(caller, kind, caller.parts.catalog.one(caller.name, kind, ref)))

    @router.get(
        f"/{plural}/{{ref}}/versions", response_model=list[ArtifactView], name=f"List {kind}"
    )
    def list_versions(
        caller: CallerDep, ref: Reference, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        """The versions of a name, newest first."""
        one = caller.parts.catalog.one(caller.name, kind, ref)
        if isinstance(one, str):
            return json_answer([_bundled(kind, one.removeprefix(BUNDLED_PREFIX))])
        before = None if cursor is None else caller.parts.cursors.open(cursor)
        found = caller.parts.catalog.versions(caller.name, one, before=before, limit=limit + 1)
        path = f"{url_of(kind, ref)}/versions"
        return json_answer(
            _documents(caller, found[:limit]), headers=link_to_next(caller, found, limit, path, {})
        )


def _add_changes(kind: str) -> None:
    """What shares and deletes them."""
    one = f"/{kind}s/{{ref}}"

    @router.patch(
        one,
        response_model=ArtifactDetail,
        openapi_extra=body_of(ShareRequest),
        name=f"Share {kind}",
    )
    @repeatable
    async def share(request: Request, ref: Reference) -> Response:
        """Share a version of yours with every user, or keep it to yourself again."""
        caller = await identified(request)
        wish = await read_as(ShareRequest, request, caller)

        share = partial(caller.parts.catalog.share, caller.name, kind, ref, shared=wish.shared)
        found = await to_thread.run_sync(share)
        return json_answer(await to_thread.run_sync(_detail, caller, kind, found))

    @router.delete(one, status_code=HTTPStatus.NO_CONTENT, name=f"Delete {kind}")
    @repeatable
    def delete(caller: CallerDep, ref: Reference) -> Response:
        """Delete a version of yours. 409 while an alias points to it or an unfinished job reads
        it. Its number is never given again."""
        caller.parts.catalog.delete(caller.name, kind, ref)
        return Response(status_code=HTTPStatus.NO_CONTENT)


for _kind in KINDS:
    _add_looks(_kind)
    _add_changes(_kind)


def url_of(kind: str, reference: str) -> str:
    """Where a data set or a model is found."""
    return place(f"/api/v1/{kind}s/{quote(reference, safe='@:')}")


def reference_to(one: StoredArtifact, reader: str) -> str:
    """What this reader calls a version."""
    own = f"{one.name}@{one.version}"
    return own if one.owner == reader else f"{one.owner}:{own}"


def link_to_next(
    caller: Caller, found: Sequence[StoredArtifact], limit: int, path: str, asked: Mapping[str, str]
) -> dict[str, str]:
    """The header that leads to the next page, if there is one."""
    if len(found) <= limit:
        return {}
    cursor = caller.parts.cursors.seal(found[limit - 1].seq)
    return next_page(path, {**asked, "limit": limit, "cursor": cursor})


def _documents(caller: Caller, found: Sequence[StoredArtifact]) -> list[dict[str, Any]]:
    aliases = caller.parts.catalog.aliases_of(found)
    return [_document(one, caller.name, aliases.get(one.id, ())) for one in found]


def _document(one: StoredArtifact, reader: str, aliases: Sequence[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "version": one.version,
        "reference": reference_to(one, reader),
        "owner": one.owner,
        "shared": one.shared,
        "bundled": False,
        "aliases": list(aliases),
        "size": one.size,
        "sha256": one.sha256,
        "created_at": moment(one.created_at),
        "job_id": one.job_id,
        "meta": one.meta,
    }


def _bundled(kind: str, name: str, meta: Mapping[str, Json] | None = None) -> dict[str, Any]:
    return {
        "id": BUNDLED_PREFIX + name,
        "kind": kind,
        "name": name,
        "version": None,
        "reference": BUNDLED_PREFIX + name,
        "owner": None,
        "shared": True,
        "bundled": True,
        "aliases": [],
        "size": None,
        "sha256": None,
        "created_at": None,
        "job_id": None,
        "meta": meta or {},
    }


def _detail(caller: Caller, kind: str, found: StoredArtifact | str) -> dict[str, Any]:
    if isinstance(found, str):
        known = caller.parts.predictors.about() if kind == "model" else {}
        document = _bundled(kind, found.removeprefix(BUNDLED_PREFIX), known)
        return _with_figures(document, [])
    (document,) = _documents(caller, [found])
    return _with_figures(document, _sources(caller, found))


def _with_figures(document: dict[str, Any], made_from: list[dict[str, Any]]) -> dict[str, Any]:
    meta = document["meta"]
    here = url_of(document["kind"], document["reference"])
    kind = document["kind"]
    names = (
        ("versions", "lineage", "aliases") if kind == "model" else ("versions", "lineage", "rows")
    )
    return document | {
        "metrics": meta.get("metrics", {}),
        "parameters": meta.get("parameters", {}),
        "made_from": made_from,
        "links": {"self": here} | {name: f"{here}/{name}" for name in names},
    }


def _sources(caller: Caller, found: StoredArtifact) -> list[dict[str, Any]]:
    return [
        {
            "id": id,
            "kind": None if one is None else one.kind,
            "reference": _called(id, one, caller.name),
            "sha256": None if one is None else one.sha256,
        }
        for id, one in caller.parts.catalog.sources(found).items()
    ]


def _called(id: str, one: StoredArtifact | None, reader: str) -> str | None:
    """What the reader may call a source by, if anything."""
    if one is None:
        return id if id.startswith(BUNDLED_PREFIX) else None
    return reference_to(one, reader) if one.shared or one.owner == reader else None
