"""Operations that operators hold back."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from headway.errors import NotFound
from headway.http.auth import CallerDep
from headway.http.json_answer import json_answer
from headway.http.scopes import needs
from headway.rights import Scope
from headway.wire.base import moment
from headway.wire.overview import PauseView

router = APIRouter(prefix="/api/v1/operator/pauses", tags=["overview"])

JobType = Annotated[str, Path(max_length=64, description="The name of an operation")]


@router.get("", response_model=list[PauseView])
@needs(Scope.OPERATE)
def list_pauses(caller: CallerDep) -> Response:
    """The operations of which nothing is begun, and since when."""
    paused = caller.parts.queue.oversight.paused()
    return json_answer([_document(name, since) for name, since in paused.items()])


@router.put("/{job_type}", response_model=PauseView)
@needs(Scope.OPERATE)
def pause(caller: CallerDep, job_type: JobType) -> Response:
    """Begin nothing of an operation from now on: what runs goes on, and submissions wait. One that
    is paused already stays so."""
    oversight = caller.parts.queue.oversight
    oversight.pause(job_type)
    since = oversight.paused().get(job_type)
    if since is None:
        raise NotFound("expected the operation to be paused still, got one that was just resumed")
    return json_answer(_document(job_type, since))


@router.delete("/{job_type}", status_code=HTTPStatus.NO_CONTENT)
@needs(Scope.OPERATE)
def resume(caller: CallerDep, job_type: JobType) -> Response:
    """Begin jobs of an operation again, at once. One that is not paused goes on as it does."""
    caller.parts.queue.oversight.resume(job_type)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _document(name: str, since: float) -> dict[str, Any]:
    return {"job_type": name, "paused_at": moment(since)}
