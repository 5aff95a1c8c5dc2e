"""Whether the process lives, and whether it can do its work."""

import asyncio
from http import HTTPStatus
from typing import Final

from anyio import fail_after
from fastapi import APIRouter, Request
from starlette.responses import Response

from headway.errors import StoreError
from headway.http.auth import opened
from headway.http.headers import POLL_AFTER
from headway.http.json_answer import json_answer
from headway.http.problems import Refused

ANSWER_SECONDS: Final = 4.0
"""Whoever asks wants to know now, also when the database says nothing at all."""

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers. Says nothing about the database."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The database can be written, a worker was seen lately, and the process is not stopping."""
    try:
        with fail_after(ANSWER_SECONDS):
            parts = await opened(request)
            health = await asyncio.wrap_future(parts.readiness.look())
    except StoreError:
        raise _not_ready("the database cannot be written") from None
    except TimeoutError:
        raise _not_ready("the database does not answer") from None
    missing = [
        reason
        for reason, missed in (
            ("the service is stopping", parts.feed.closing),
            ("the database cannot be written", not health.writable),
            ("no worker was seen lately", not health.workers),
        )
        if missed
    ]
    if missing:
        raise _not_ready("; ".join(missing))
    return json_answer(
        {
            "status": "ready",
            "store": {"engine": health.engine, "version": health.version},
            "workers": health.workers,
        }
    )


def _not_ready(reason: str) -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", reason, headers={"Retry-After": POLL_AFTER}
    )
