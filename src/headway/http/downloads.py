"""The files of data sets and models, as they are stored."""

from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from headway.errors import CorruptArtifact, NotFound
from headway.http.auth import CallerDep
from headway.http.catalog import KINDS, Reference
from headway.http.json_answer import NO_STORE
from headway.http.ranges import Ranged

LINK_SECONDS: Final = 300
"""How long an address in a bucket can be read, from when it was given."""

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "content": {"application/octet-stream": {}},
        "description": "The file; `Range` takes a part of it",
    },
    HTTPStatus.TEMPORARY_REDIRECT: {
        "description": "The file is in a bucket: `Location` is an address of five minutes"
    },
}

router = APIRouter(prefix="/api/v1", tags=["catalog"])


def _add_route(kind: str) -> None:
    """The route of data sets or of models: the same for both."""

    @router.get(
        f"/{kind}s/{{ref}}/file", response_class=Response, responses=_ANSWERS, name=f"{kind} file"
    )
    def download(caller: CallerDep, ref: Reference) -> Response:
        """The file of a version: Parquet of a data set, the bundle of a model. Its hash is the
        version's `sha256`."""
        found = caller.parts.catalog.one(caller.name, kind, ref)
        if isinstance(found, str):
            raise NotFound(f"expected a version that was made here, got {found}, which is built in")
        files = caller.parts.service.files
        if files.depot is not None and files.depot.has(found.path):
            return RedirectResponse(files.depot.link(found.path, LINK_SECONDS), headers=NO_STORE)
        path = files.path(found.path)
        if not path.is_file():
            raise CorruptArtifact(f"expected the file {found.path}, got: nothing there")
        return Ranged(
            path,
            media_type="application/octet-stream",
            filename=f"{found.name}-{found.version}{PurePosixPath(found.path).suffix}",
            headers={"Cache-Control": "private, no-cache"},
        )


for _kind in KINDS:
    _add_route(_kind)
