"""The dashboard at `/`, the API reference at `/docs`, and the files that both are made of."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from headway.http.application import application_of
from headway.http.assets import Asset

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, and no form that a browser sends by itself."""
_FOR_GOOD: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/docs")
def page(request: Request) -> Response:
    """The one page: what it shows is decided by its address."""
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return _sent(request, application_of(request).assets.current().page, headers)


@router.get("/dashboard/{edition}/{name:path}")
def asset(request: Request, edition: str, name: str) -> Response:
    """A file of the dashboard. Under the name of its edition it never changes."""
    current = application_of(request).assets.edition(edition)
    found = None if current is None else current.files.get(name)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return _sent(request, found, {"Cache-Control": _FOR_GOOD})


def _sent(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    headers |= {"ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)
