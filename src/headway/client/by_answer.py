"""Which error an answer without success is: by its code, else by its status."""

from collections.abc import Mapping
from typing import Any, Final

from headway.client.errors import (
    AlreadyFinished,
    ApiError,
    BadRequest,
    Conflict,
    Gone,
    InvalidInput,
    KeyReused,
    NotAuthorized,
    NotFinished,
    NotFound,
    RangeNotSatisfiable,
    RateLimited,
    ServerFault,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnknownArtifact,
    UnknownOperation,
    UnsupportedMedia,
)

BY_CODE: Final[Mapping[str, type[ApiError]]] = {
    "already_finished": AlreadyFinished,
    "gone": Gone,
    "idempotency_key_reused": KeyReused,
    "not_finished": NotFinished,
    "unknown_artifact": UnknownArtifact,
    "unknown_operation": UnknownOperation,
}
"""Codes that say more than their status."""

BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: NotAuthorized,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    415: UnsupportedMedia,
    416: RangeNotSatisfiable,
    422: InvalidInput,
    429: RateLimited,
    500: ServerFault,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def api_error(status: int, body: Any, *, retry_after: float | None = None) -> ApiError:
    """The error that an answer with this body describes."""
    problem = body if isinstance(body, dict) else {}
    code = problem.get("code")
    general = ServerFault if status >= 500 else ApiError
    kind = BY_CODE.get(str(code)) or BY_STATUS.get(status, general)
    found = problem.get("errors")
    pairs = found if isinstance(found, list) else []
    request_id = problem.get("request_id")
    return kind(
        status,
        str(problem.get("detail", f"HTTP {status}")),
        None if code is None else str(code),
        errors=[
            (str(one.get("pointer", "")), str(one.get("detail", "")))
            for one in pairs
            if isinstance(one, dict)
        ],
        request_id=None if request_id is None else str(request_id),
        retry_after=retry_after,
    )
