"""What preprocessing would do, shown before it runs."""

import importlib
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from headway.artifacts import BUNDLED_PREFIX
from headway.errors import InvalidInput, NotRetryable
from headway.http.auth import Caller, identified
from headway.http.bodies import body_of, read_as
from headway.http.catalog import Reference
from headway.http.json_answer import json_answer
from headway.job import Json
from headway.operations.requests.preprocess import PreviewRecipe
from headway.wire.catalog import RecipePreview

_PREVIEW: Final = "headway.operations.preview"
"""By name, and loaded when first asked for: numpy and PyArrow are what most API processes never
need."""

router = APIRouter(prefix="/api/v1/datasets", tags=["catalog"])


@router.post("/{ref}/preview", response_model=RecipePreview, openapi_extra=body_of(PreviewRecipe))
async def preview_recipe(request: Request, ref: Reference) -> Response:
    """What the steps of a `preprocess` job would make of the first rows. Nothing is kept."""
    caller = await identified(request)
    recipe = await read_as(PreviewRecipe, request, caller)
    return json_answer(await to_thread.run_sync(_previewed, caller, ref, recipe))


def _previewed(caller: Caller, ref: str, recipe: PreviewRecipe) -> Json:
    found = caller.parts.catalog.one(caller.name, "dataset", ref)
    previews: Any = importlib.import_module(_PREVIEW)
    files = caller.parts.service.files
    try:
        if isinstance(found, str):
            name = found.removeprefix(BUNDLED_PREFIX)
            return previews.preview_bundled(name, files.shared_dir(), recipe)
        return previews.preview(files.local(found.path, found.sha256), recipe)
    except NotRetryable as error:  # a column that is not there: the request's fault, said as such
        raise InvalidInput(str(error)) from None
