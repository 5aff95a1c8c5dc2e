"""Bringing a model of one's own: its file is stored, and a job loads it once before it is a version."""

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headway.errors import AlreadyFinished, InvalidInput
from headway.http.acceptance import accept, answer, made
from headway.http.answers import keyed
from headway.http.auth import Caller, CallerDep
from headway.http.headers import idempotency_key, preferences
from headway.http.problems import Refused
from headway.http.uploads import Upload, receive, upload_body
from headway.http.waiting import wait_for
from headway.job import Json, Status
from headway.job_request import JobRequest
from headway.owners import QUESTIONS, behind
from headway.pickles import pickled
from headway.store.values.artifacts import StoredArtifact
from headway.wire.submissions import Accepted

SECONDS: Final = 30
"""How long a single prediction may take, the model's first loading included."""
UPLOAD: Final = keyed(upload_body(), waits=True)

router = APIRouter(prefix="/api/v1/models", tags=["catalog"])


@router.post("", response_model=Accepted, status_code=HTTPStatus.ACCEPTED, openapi_extra=UPLOAD)
async def bring(
    caller: CallerDep,
    request: Request,
    name: Annotated[str, Query(max_length=100, description="The model's name")],
    format: Annotated[str, Query(max_length=64, description="The name given to `@model`")],
    alias: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Make a file (the form field `file`) the next version of a model whose kind was registered
    with `@model`. A job loads it once, to prove that it can be. Pickles are refused."""
    _check_format(caller, format)
    upload = await receive(request, caller.parts, caller.name)
    if upload is None:
        raise InvalidInput("expected the form field `file`, got no body", pointer="/file")
    told = {"name": name, "format": format, "file": await _stored(caller, upload)}
    wanted = JobRequest(
        operation="register_model",
        owner=caller.name,
        input=told if alias is None else told | {"alias": alias},
        idempotency_key=idempotency_key(request),
        scope="POST /api/v1/models",
    )
    added = await accept(request, caller.parts, wanted, below="/input")
    return await answer(
        caller, added, "Model registration created", HTTPStatus.ACCEPTED, preferences(request)
    )


def _check_format(caller: Caller, format: str) -> None:
    known = caller.parts.queue.registry.models
    if format not in known:
        raise InvalidInput(
            f"expected one of the formats {', '.join(sorted(known)) or '(none is registered)'},"
            f" got: {format!r}; register it with @model in a module of HEADWAY_OPERATIONS",
            pointer="/query/format",
        )


async def _stored(caller: Caller, upload: Upload) -> str:
    """The id of the file, if it is one that can be a model."""
    path = caller.parts.service.files.path(upload.path)
    refused = await to_thread.run_sync(pickled, path, upload.name)
    if refused is not None:  # the bytes are nobody's, and go as such do
        raise InvalidInput(refused, pointer="/file")
    add = caller.parts.catalog.add_file
    stored = await to_thread.run_sync(
        add, caller.name, upload.name, upload.path, upload.sha256, upload.size
    )
    return stored.id


async def ask_own(caller: Caller, model: StoredArtifact, text: str) -> dict[str, Json]:
    """What a model of somebody's own says of a text: a job of the process that has it loaded."""
    wanted = JobRequest(
        operation="ask_model",
        owner=caller.name,
        input={"model": model.id, "text": text},
        priority=0,
        timeout=SECONDS,
        max_attempts=1,
    )
    prepared = await to_thread.run_sync(caller.parts.queue.prepare, wanted)
    asking = replace(prepared, owner=behind(caller.name, QUESTIONS))
    await made(caller.parts, asking)
    job = await wait_for(caller.parts, asking.id, asking.owner, SECONDS)
    if job.status is Status.COMPLETED:
        said: dict[str, Json] = job.result
        return said | {"probabilities": {}}
    if job.status.finished:
        raise Refused(HTTPStatus.BAD_GATEWAY, "model_failed", job.error or "the model failed")
    with suppress(AlreadyFinished):  # nobody waits for it any more, and others wait behind it
        await to_thread.run_sync(caller.parts.queue.cancel, asking.id, asking.owner)
    raise Refused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "model_busy",
        f"expected an answer within {SECONDS} s, got none; ask again, or make it a batch",
        headers={"Retry-After": "1"},
    )
