"""Promotion that must be earned: a job judges the candidate, and its verdict moves the alias."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from headway.http.acceptance import accept, answer
from headway.http.auth import Caller, identified
from headway.http.bodies import body_of, read_as
from headway.http.headers import idempotency_key, preferences
from headway.job import Json
from headway.queue import JobRequest
from headway.store.values import AliasName
from headway.wire.catalog import PromotionRequest
from headway.wire.submissions import Accepted

OPERATION: Final = "promote_model"

router = APIRouter(prefix="/api/v1/models", tags=["catalog"])


@router.post(
    "/{name}/aliases/{alias}/promote",
    response_model=Accepted,
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=body_of(PromotionRequest),
)
async def promote(
    request: Request,
    name: Annotated[str, Path(max_length=200, description="A name of yours")],
    alias: Annotated[str, Path(max_length=100)],
) -> Response:
    """Move the alias to a version only if its macro F1 on a data set is not worse than that of the
    version the alias points to now. The job's result says whether it was, and if not, why. If the
    alias is moved before the job has judged, the job fails and the alias stays."""
    caller = await identified(request)
    wish = await read_as(PromotionRequest, request, caller)
    told = wish.model_dump(exclude={"version", "expected"}, exclude_none=True)
    told |= {"model": f"{name}@{wish.version}", "alias": alias}
    which = AliasName(owner=caller.name, kind="model", name=name, alias=alias)
    expected = None if wish.expected is None else str(wish.expected)
    look = partial(caller.parts.catalog.points_to, which, expected=expected)
    champion = await to_thread.run_sync(look)
    told |= {"new": True} if champion is None else {"against": champion, "replaces": champion}
    added = await accept(request, caller.parts, _request(request, caller, told), below="/input")
    wishes = preferences(request)
    return await answer(caller, added, "Promotion job created", HTTPStatus.ACCEPTED, wishes)


def _request(request: Request, caller: Caller, told: dict[str, Json]) -> JobRequest:
    return JobRequest(
        operation=OPERATION,
        owner=caller.name,
        input=told,
        idempotency_key=idempotency_key(request),
        scope=f"POST {request.url.path}",
    )
