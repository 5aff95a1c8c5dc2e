"""CSV imports: jobs like any other, under a vocabulary of their own."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from headway.errors import InvalidInput, NotAuthorized
from headway.http.acceptance import accept, polled, replay_header, unchanged
from headway.http.answers import keyed
from headway.http.auth import Caller, PartsDep, caller_if_any
from headway.http.headers import (
    POLL_AFTER,
    Preferences,
    idempotency_key,
    is_from_here,
    known,
    preferences,
)
from headway.http.import_documents import import_document
from headway.http.json_answer import json_answer
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.http.uploads import Upload, receive, upload_body
from headway.http.waiting import held
from headway.identity.rules import ANONYMOUS
from headway.job import Job, Json
from headway.job_request import JobRequest
from headway.store.values.submission import Added
from headway.wire.imports import ImportAccepted, ImportView
from headway.wire.places import place

OPERATION: Final = "import_csv"
UPLOAD: Final = keyed(
    upload_body(
        "text/csv", "application/x-ndjson", "application/vnd.apache.parquet", required=False
    ),
    waits=True,
)

router = APIRouter(prefix="/imports", tags=["imports"])

MaybeCaller = Annotated[Caller | None, Depends(caller_if_any)]


async def importer(request: Request, parts: PartsDep, caller: MaybeCaller) -> str:
    """Whose import this is. Without a token: nobody's, where development mode allows it."""
    if caller is not None:
        return caller.name
    if parts.settings.mode != "development":
        raise unauthorized("Not authenticated")
    if not is_from_here(request.headers):
        # Any page in the browser of whoever runs this could post a form here.
        raise Refused(
            HTTPStatus.FORBIDDEN, "foreign_origin", "Imports from other sites need a token"
        )
    parts.rates.check(ANONYMOUS)
    return ANONYMOUS


@router.post(
    "", status_code=HTTPStatus.ACCEPTED, response_model=ImportAccepted, openapi_extra=UPLOAD
)
async def start_import(
    request: Request, parts: PartsDep, owner: Annotated[str, Depends(importer)]
) -> Response:
    """Import a CSV, JSON Lines or Parquet file, plain or packed with gzip or zstd.

    It is the form field `file`, or the raw body with its `Content-Type`; no body at all imports the
    bundled sample. Options, such as `delimiter` or `encoding`, are query parameters: `columns` may
    come several times, `types` as `column:type`. See the input of `import_csv` under
    `/api/v1/operations`."""
    key = idempotency_key(request)
    upload = await receive(request, parts, owner)
    wanted = JobRequest(
        operation=OPERATION,
        owner=owner,
        input=await _input(request, parts, owner, upload),
        idempotency_key=key,
        scope="POST /imports",
    )
    added = await accept(request, parts, wanted, below="/input")
    return await _accepted(parts, owner, added, preferences(request))


async def _accepted(parts: Parts, owner: str, added: Added, wishes: Preferences) -> Response:
    """The answer to an import: at once, or with all of it when the client would wait for its end."""
    task_id = added.job.id
    headers = {"Location": place(f"/imports/{task_id}"), **replay_header(added.replayed)}
    ended, heeded = await held(parts, task_id, owner, wishes)
    headers |= heeded
    if ended is not None and ended.status.finished:
        return await _told(parts, ended, headers)
    headers["Retry-After"] = POLL_AFTER
    if wishes.respond_async:
        headers.setdefault("Preference-Applied", "respond-async")
    document = {"task_id": task_id, "status": "queued"}
    return json_answer(document, HTTPStatus.ACCEPTED, headers=headers)


async def _input(
    request: Request, parts: Parts, owner: str, upload: Upload | None
) -> dict[str, Json]:
    """The job's input: the options, and the uploaded file under its new id."""
    options = _options(request)
    if upload is None:
        return options
    stored = await to_thread.run_sync(
        parts.catalog.add_file, owner, upload.name, upload.path, upload.sha256, upload.size
    )
    told = {"encoding": upload.charset} if upload.charset is not None else {}
    return told | options | {"file": stored.id, "filename": upload.name}


def _options(request: Request) -> dict[str, Json]:
    """What the query says: `columns` may come several times, `types` as `column:type`."""
    asked = request.query_params
    for name in asked:
        if name in ("file", "filename"):
            raise InvalidInput(f"expected the file in the body, got: ?{name}=", pointer=f"/{name}")
        if name not in ("columns", "types") and len(asked.getlist(name)) > 1:
            raise InvalidInput(f"expected {name[:80]!r} once, got several", pointer=f"/{name[:80]}")
    options: dict[str, Json] = {
        name: value for name, value in asked.items() if name not in ("columns", "types")
    }
    if columns := request.query_params.getlist("columns"):
        options["columns"] = columns
    if types := request.query_params.getlist("types"):
        options["types"] = dict(_typed(one) for one in types)
    return options


def _typed(given: str) -> tuple[str, str]:
    column, colon, type = given.rpartition(":")
    if not colon:
        raise InvalidInput(f"expected `column:type`, got: {given[:80]!r}", pointer="/types")
    return column, type


@router.get("/{task_id}", response_model=ImportView, response_model_exclude_none=True)
async def get_import(
    request: Request, parts: PartsDep, caller: MaybeCaller, task_id: str
) -> Response:
    """How far the import is; `If-None-Match` and `Prefer: wait=N` are heeded as by the job that it
    is. An id that was never issued is `unknown`."""
    may_be_anonymous = parts.settings.mode == "development"
    if caller is None and not may_be_anonymous:
        raise unauthorized("Not authenticated")
    found = await to_thread.run_sync(parts.queue.following.present, [task_id])
    if not found or found[0].operation != OPERATION:
        return json_answer({"task_id": task_id, "status": "unknown"})
    job = found[0]
    if not (job.owner == ANONYMOUS and may_be_anonymous):
        _check_owner(job, caller)
    has = known(request)
    later, heeded = await held(parts, job.id, job.owner, preferences(request), has)
    job = later or job
    if has.has(job.version):
        return unchanged(job.version, job.status, heeded)
    return await _told(parts, job, heeded)


async def _told(parts: Parts, job: Job, headers: Mapping[str, str]) -> Response:
    document = await to_thread.run_sync(import_document, parts, job)
    return json_answer(document, headers=polled(job, headers))


def _check_owner(job: Job, caller: Caller | None) -> None:
    if caller is None:
        raise unauthorized("Not authenticated")
    if job.owner != caller.name:
        raise NotAuthorized("Not authorized")
