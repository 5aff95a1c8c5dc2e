"""CSV imports: jobs like any other, under a vocabulary of their own."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from headway.errors import InvalidInput, NotAuthorized
from headway.http.acceptance import accept, replay_header, wait_for
from headway.http.accounts import ANONYMOUS
from headway.http.auth import Caller, PartsDep, caller_if_any, json_answer
from headway.http.headers import POLL_AFTER, idempotency_key, is_from_here, preferences
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.http.uploads import Upload, receive, upload_body
from headway.job import Job, Json, Status
from headway.queue import JobRequest
from headway.wire.imports import ImportAccepted, ImportView
from headway.wire.jobs import job_document
from headway.wire.places import place

OPERATION: Final = "import_csv"
WORDS: Final = {
    Status.PENDING: "queued",
    Status.RUNNING: "running",
    Status.COMPLETED: "complete",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}

UPLOAD: Final = upload_body(
    "text/csv", "application/x-ndjson", "application/vnd.apache.parquet", required=False
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
    headers = {
        "Location": place(f"/imports/{added.job.id}"),
        "Retry-After": POLL_AFTER,
        **replay_header(added.replayed),
    }
    document = {"task_id": added.job.id, "status": "queued"}
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
    """How far the import is; with `Prefer: wait=N` the answer waits for its end. An id that was
    never issued is `unknown`."""
    may_be_anonymous = parts.settings.mode == "development"
    if caller is None and not may_be_anonymous:
        raise unauthorized("Not authenticated")
    found = await to_thread.run_sync(parts.queue.present, [task_id])
    if not found or found[0].operation != OPERATION:
        return json_answer({"task_id": task_id, "status": "unknown"})
    job = found[0]
    if not (job.owner == ANONYMOUS and may_be_anonymous):
        _check_owner(job, caller)
    wait = preferences(request).wait
    if wait is not None:
        job = await wait_for(parts, job.id, job.owner, wait)
    headers = {} if job.status.finished else {"Retry-After": POLL_AFTER}
    return json_answer(_import_document(job), headers=headers)


def _check_owner(job: Job, caller: Caller | None) -> None:
    if caller is None:
        raise unauthorized("Not authenticated")
    if job.owner != caller.name:
        raise NotAuthorized("Not authorized")


def _import_document(job: Job) -> dict[str, Any]:
    document = job_document(job)
    shared = ("progress", "message", "error", "created_at", "started_at", "completed_at")
    return {
        "task_id": job.id,
        "status": WORDS[job.status],
        **{name: document[name] for name in shared},
        **(_account_of(job.result) if isinstance(job.result, dict) else {}),
    }


def _account_of(result: dict[str, Json]) -> dict[str, Json]:
    """What came of the rows."""
    rest = dict(result)
    row_errors = rest.pop("row_errors", [])
    counts = {"rows": rest.pop("rows", 0), "row_errors": rest.pop("row_error_count", 0)}
    counts |= rest.pop("counts", {})
    return {"counts": counts, "summary": rest.pop("summary", {}) | rest, "row_errors": row_errors}
