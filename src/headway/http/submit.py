"""The ways in: every route that makes a job."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.http.acceptance import accept, accept_all, accepted, answer, replay_header
from headway.http.answers import keyed
from headway.http.auth import Caller, identified
from headway.http.bodies import body_of, read_as, read_json
from headway.http.headers import idempotency_key, preferences
from headway.http.json_answer import json_answer
from headway.http.problems import Refused
from headway.job import Json
from headway.job_request import JobRequest
from headway.wire.notifications import wishes
from headway.wire.submissions import (
    LARGEST_BATCH,
    Accepted,
    BulkAccepted,
    BulkRequest,
    SubmitRequest,
)

CREATED: Final = "Job created successfully"


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request and gives the response. FastAPI solves nothing for
    it, and describes it as it does all others."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself."""
        return self.endpoint


router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=PlainRoute)

ANY_OBJECT: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}, "example": {"data": "sample"}}
        },
    }
}
TEXTS: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {
                            "type": "object",
                            "required": ["texts"],
                            "properties": {
                                "texts": {
                                    "type": "array",
                                    "items": {"type": "string"},
                                    "minItems": 1,
                                    "maxItems": LARGEST_BATCH,
                                },
                                "model": {"type": "string"},
                            },
                        },
                        {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    ]
                },
                "example": {"texts": ["My invoice is wrong", "The app crashes"]},
            }
        },
    }
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Accepted,
    openapi_extra=keyed(body_of(SubmitRequest), waits=True),
)
async def submit(request: Request) -> Response:
    """Submit a job of any registered operation. Once answered, it is durable."""
    caller = await identified(request)
    body = await read_as(SubmitRequest, request, caller)
    wanted = _job_request(body, caller, idempotency_key(request))
    added = await accept(request, caller.parts, wanted)
    return await answer(caller, added, CREATED, HTTPStatus.ACCEPTED, preferences(request))


@router.post(
    "/bulk",
    status_code=HTTPStatus.ACCEPTED,
    response_model=BulkAccepted,
    openapi_extra=keyed(body_of(BulkRequest)),
)
async def submit_bulk(request: Request) -> Response:
    """Submit up to 1,000 jobs: all of them are accepted in one transaction, or none."""
    caller = await identified(request)
    body = await read_as(BulkRequest, request, caller)
    wanted = [_job_request(one, caller, None) for one in body.jobs]
    added = await accept_all(caller.parts, wanted, idempotency_key(request))
    document = {"jobs": [accepted(one, CREATED) for one in added]}
    headers = replay_header(all(one.replayed for one in added))
    return json_answer(document, HTTPStatus.ACCEPTED, headers=headers)


@router.post("/batch-predict", response_model=Accepted, openapi_extra=keyed(TEXTS, waits=True))
async def batch_predict(request: Request) -> Response:
    """Classify up to 1,000 texts: `{"texts": [...]}` or the bare list. More goes in as a file."""
    caller = await identified(request)
    body = await read_json(request, caller)
    is_list = isinstance(body, list)
    value = {"texts": body} if is_list else _object(body)
    _check_texts(value.get("texts"))
    below = "/input/texts" if is_list else "/input"
    return await _named(request, caller, "batch_predict", value, CREATED, below=below)


@router.post("/train-model", response_model=Accepted, openapi_extra=keyed(ANY_OBJECT, waits=True))
async def train_model(request: Request) -> Response:
    """Train a text classifier, for instance on `{"data": "sample"}`."""
    caller = await identified(request)
    body = _object(await read_json(request, caller))
    return await _named(request, caller, "train_model", body, "Training job created")


@router.post(
    "/evaluate-model", response_model=Accepted, openapi_extra=keyed(ANY_OBJECT, waits=True)
)
async def evaluate_model(request: Request) -> Response:
    """Measure a model on a data set."""
    caller = await identified(request)
    body = _object(await read_json(request, caller))
    return await _named(request, caller, "evaluate_model", body, "Evaluation job created")


@router.post(
    "/preprocess",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Accepted,
    openapi_extra=keyed(ANY_OBJECT, waits=True),
)
async def preprocess(request: Request) -> Response:
    """Make a new data set from one, by a list of steps. `POST /api/v1/datasets/{ref}/preview` shows
    first what they would do."""
    caller = await identified(request)
    body = _object(await read_json(request, caller))
    return await _named(
        request, caller, "preprocess", body, "Preprocessing job created", HTTPStatus.ACCEPTED
    )


def _object(body: Json) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidInput(f"expected a JSON object, got: {type(body).__name__}")
    return body


def _check_texts(texts: Json) -> None:
    if not isinstance(texts, list):
        return  # the operation's own model says what it expects
    if len(texts) > LARGEST_BATCH:
        detail = f"Maximum {LARGEST_BATCH} texts allowed"
        raise Refused(HTTPStatus.BAD_REQUEST, "too_many_texts", detail)
    if not texts:
        raise Refused(HTTPStatus.BAD_REQUEST, "no_texts", "At least one text is needed, got none")


async def _named(
    request: Request,
    caller: Caller,
    operation: str,
    value: dict[str, Any],
    message: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    below: str = "/input",
) -> Response:
    wanted = JobRequest(
        operation=operation,
        owner=caller.name,
        input=value,
        idempotency_key=idempotency_key(request),
        scope=f"POST {request.scope['path']}",
    )
    added = await accept(request, caller.parts, wanted, below=below)
    return await answer(caller, added, message, status, preferences(request))


def _job_request(body: SubmitRequest, caller: Caller, key: str | None) -> JobRequest:
    return JobRequest(
        operation=body.job_type,
        owner=caller.name,
        input=body.input,
        priority=body.priority,
        run_at=None if body.run_at is None else body.run_at.timestamp(),
        timeout=body.timeout,
        max_attempts=body.max_attempts,
        metadata=body.metadata,
        unique_key=body.unique_key,
        notify=None if body.notify is None else wishes(body.notify),
        idempotency_key=key,
        scope="POST /api/v1/jobs",
    )
