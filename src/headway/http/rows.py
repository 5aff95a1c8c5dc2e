"""The rows of a data set, a page at a time."""

import importlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from headway.artifacts import BUNDLED_PREFIX
from headway.http.auth import CallerDep
from headway.http.catalog import Reference
from headway.http.json_answer import json_answer
from headway.wire.catalog import RowsPage

_READER: Final = "headway.data.preview"
"""By name, and loaded when first asked for: PyArrow is 40 MB that most API processes never need."""

router = APIRouter(prefix="/api/v1/datasets", tags=["catalog"])


@router.get("/{ref}/rows", response_model=RowsPage)
def list_rows(
    caller: CallerDep,
    ref: Reference,
    start: Annotated[int, Query(ge=0, le=2**53, description="Number of the first row")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> Response:
    """Rows of a data set as they are stored: every value a text, an empty cell null."""
    found = caller.parts.catalog.one(caller.name, "dataset", ref)
    reader: Any = importlib.import_module(_READER)
    files = caller.parts.service.files
    if isinstance(found, str):
        name = found.removeprefix(BUNDLED_PREFIX)
        page = reader.preview_bundled(name, files.shared_dir(), start, limit)
    else:
        page = reader.preview(files.local(found.path, found.sha256), start, limit)
    return json_answer(
        {"columns": page.columns, "rows": page.rows, "start": start, "total": page.total}
    )
