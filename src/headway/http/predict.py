"""One text, classified at once."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, Request
from starlette.responses import Response

from headway.http.auth import identified
from headway.http.bodies import body_of, read_as
from headway.http.json_answer import json_answer
from headway.http.ledger import Prediction
from headway.http.own_models import ask_own
from headway.http.parts import Parts
from headway.http.predictors import Answer, Predictor
from headway.wire.predictions import PredictAnswer, PredictRequest

_LONG: Final = 10_000
"""Characters from which on classifying would hold the loop for a millisecond and more."""

router = APIRouter(prefix="/api/v1", tags=["predictions"])


@router.post("/predict", response_model=PredictAnswer, openapi_extra=body_of(PredictRequest))
async def predict(request: Request, after: BackgroundTasks) -> Response:
    """Classify one text now; with `explain` the answer says what it comes from. The log and your
    statistics are written after the answer."""
    caller = await identified(request)
    body = await read_as(PredictRequest, request, caller)
    predictor = await to_thread.run_sync(caller.parts.predictors.find, caller.name, body.model)
    if not isinstance(predictor, Predictor):
        said = await ask_own(caller, predictor, body.text)
        after.add_task(_record, caller.parts, caller.name, body.text, said["prediction"])
        return json_answer(said)
    answer = await _classified(predictor, body.text)
    after.add_task(_record, caller.parts, caller.name, body.text, answer.prediction)
    document = asdict(answer)
    if body.explain:
        document["explanation"] = await to_thread.run_sync(predictor.explain, body.text)
    return json_answer(document)


async def _classified(predictor: Predictor, text: str) -> Answer:
    if len(text) < _LONG:
        return predictor.predict(text)
    return await to_thread.run_sync(predictor.predict, text)


async def _record(parts: Parts, user: str, text: str, prediction: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    await parts.ledger.record(Prediction(now, user, text, prediction))
