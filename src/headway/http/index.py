"""The page at `/`."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

PAGE: Final = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Headway</title></head>
<body>
<h1>Headway</h1>
<p>Durable jobs for ML APIs. This service is running.</p>
<ul>
<li><a href="/docs">Try the API</a></li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/readyz">Is it ready?</a></li>
</ul>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> Response:
    """Where to go from here."""
    return Response(PAGE, media_type="text/html")
