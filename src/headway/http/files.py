"""Uploaded files: stored once, and named by their id in the jobs that read them."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.http.answers import keyed
from headway.http.auth import Caller, CallerDep
from headway.http.catalog import Cursor, Limit, link_to_next
from headway.http.headers import idempotency_key
from headway.http.json_answer import json_answer
from headway.http.repeats import RepeatableRoute, named, once, repeatable
from headway.http.uploads import Upload, receive, upload_body
from headway.store.values.artifacts import StoredArtifact
from headway.wire.base import moment
from headway.wire.catalog import FileView
from headway.wire.places import place

KIND: Final = "file"
PLAIN: Final = "text/plain"

UPLOAD: Final = keyed(
    upload_body("text/csv", PLAIN, "application/x-ndjson", "application/vnd.apache.parquet")
)

router = APIRouter(prefix="/api/v1/files", tags=["catalog"], route_class=RepeatableRoute)

FileRef = Annotated[str, Path(max_length=300, description="The file's id")]


@router.post("", response_model=FileView, status_code=HTTPStatus.CREATED, openapi_extra=UPLOAD)
async def upload(
    caller: CallerDep,
    request: Request,
    name: Annotated[
        str | None, Query(min_length=1, max_length=200, description="What to call a raw body")
    ] = None,
) -> Response:
    """Store a file: the form field `file`, or the raw body with its `Content-Type`. It is hashed
    while it comes in. The same bytes under the same name are the same file, however often sent."""
    key = idempotency_key(request)
    found = await receive(request, caller.parts, caller.name, also={PLAIN: "upload.txt"})
    if found is None:
        raise InvalidInput("expected a file, got no body", pointer="/file")
    found.name = name or found.name
    store = partial(_stored, caller, found)
    if key is None:
        return await store()
    # Only now: what was sent is known when it has come in, and is never held in memory.
    told = f"{found.name}\n{found.sha256}".encode()
    answer = await once(caller, named(request, caller, key, told), store)
    answer.headers["Location"] = orjson.loads(answer.body)["url"]
    return answer


async def _stored(caller: Caller, found: Upload) -> Response:
    add = caller.parts.catalog.add_file
    stored = await to_thread.run_sync(
        add, caller.name, found.name, found.path, found.sha256, found.size
    )
    document = _document(stored)
    return json_answer(document, HTTPStatus.CREATED, headers={"Location": document["url"]})


@router.get("", response_model=list[FileView])
def list_files(caller: CallerDep, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Your files, newest first. `Link: rel="next"` leads to the next page."""
    before = None if cursor is None else caller.parts.cursors.open(cursor)
    found = caller.parts.catalog.find(caller.name, KIND, before=before, limit=limit + 1)
    headers = link_to_next(caller, found, limit, place("/api/v1/files"), {})
    return json_answer([_document(one) for one in found[:limit]], headers=headers)


@router.get("/{ref}", response_model=FileView)
def get_file(caller: CallerDep, ref: FileRef) -> Response:
    """One file: its name, size and hash."""
    found = caller.parts.catalog.one(caller.name, KIND, ref)
    assert isinstance(found, StoredArtifact)  # no file comes with the package
    return json_answer(_document(found))


@router.delete("/{ref}", status_code=HTTPStatus.NO_CONTENT)
@repeatable
def delete_file(caller: CallerDep, ref: FileRef) -> Response:
    """Delete a file of yours. 409 while an unfinished job reads it."""
    caller.parts.catalog.delete(caller.name, KIND, ref)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _document(one: StoredArtifact) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "size": one.size,
        "sha256": one.sha256,
        "created_at": moment(one.created_at),
        "url": place(f"/api/v1/files/{one.id}"),
    }
