"""Promotion that must be earned: a job judges the candidate, and its verdict moves the alias."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from headway.errors import Conflict
from headway.http.acceptance import accept, answer, earlier
from headway.http.answers import keyed
from headway.http.auth import Caller, identified
from headway.http.bodies import body_of, read_as
from headway.http.headers import idempotency_key, preferences
from headway.job import Json
from headway.job_request import JobRequest
from headway.store.values.artifacts import AliasName
from headway.wire.catalog import PromotionRequest
from headway.wire.submissions import Accepted

OPERATION: Final = "promote_model"

router = APIRouter(prefix="/api/v1/models", tags=["catalog"])


@router.post(
    "/{name}/aliases/{alias}/promote",
    response_model=Accepted,
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=keyed(body_of(PromotionRequest), waits=True),
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
    which = AliasName(owner=caller.name, kind="model", name=name, alias=alias)
    wanted = _request(request, which, wish)
    try:
        condition = await to_thread.run_sync(_condition, caller, which, wish.expected)
    except Conflict:
        # It may have been moved by the very job that is asked for again.
        added = await earlier(caller.parts, wanted)
        if added is None:
            raise
    else:
        wanted = replace(wanted, input=wanted.input | condition)
        added = await accept(request, caller.parts, wanted, below="/input")
    wishes = preferences(request)
    return await answer(caller, added, "Promotion job created", HTTPStatus.ACCEPTED, wishes)


def _request(request: Request, which: AliasName, wish: PromotionRequest) -> JobRequest:
    """The request, but for where the alias points to now: its key does not stand for that."""
    told = wish.model_dump(exclude={"version", "expected"}, exclude_none=True)
    return JobRequest(
        operation=OPERATION,
        owner=which.owner,
        input=told | {"model": f"{which.name}@{wish.version}", "alias": which.alias},
        idempotency_key=idempotency_key(request),
        scope=f"POST {request.url.path}",
        told=wish.model_dump(),
    )


def _condition(caller: Caller, which: AliasName, expected: int | str | None) -> dict[str, Json]:
    """The alias must still be where it is now. Raise `Conflict` if that is not as expected."""
    named = None if expected is None else str(expected)
    champion = caller.parts.catalog.points_to(which, expected=named)
    return {"new": True} if champion is None else {"against": champion, "replaces": champion}
