"""Every error an HTTP caller can see, as RFC 9457 problem documents: one table, one shape."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler, Scope

from headway import errors
from headway.http.border import request_id_of
from headway.mistakes import MOST, summary
from headway.wire.places import placeless

_log = logging.getLogger("headway")

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = "1"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one class of errors is told. `detail` replaces the error's words where they are fixed
    by the contract or may name paths."""

    status: HTTPStatus
    code: str
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_INTERNAL: Final = "Something went wrong here; the log has it under the request id"

KINDS: Final[Mapping[type[Exception], Kind]] = {
    errors.HeadwayError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
    errors.SettingsError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
    errors.InvalidInput: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input"),
    errors.UnknownOperation: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_operation"),
    errors.UnknownArtifact: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_artifact"),
    errors.NotFound: Kind(HTTPStatus.NOT_FOUND, "not_found"),
    errors.Gone: Kind(HTTPStatus.GONE, "gone"),
    errors.NotAuthorized: Kind(HTTPStatus.FORBIDDEN, "not_authorized"),
    errors.Conflict: Kind(HTTPStatus.CONFLICT, "conflict"),
    errors.AlreadyFinished: Kind(
        HTTPStatus.BAD_REQUEST, "already_finished", "Cannot cancel completed job"
    ),
    errors.NotFinished: Kind(HTTPStatus.CONFLICT, "not_finished"),
    errors.NotUnique: Kind(HTTPStatus.CONFLICT, "not_unique"),
    errors.KeyReused: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    errors.LimitReached: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "limit_reached"),
    errors.UserLimit: Kind(HTTPStatus.TOO_MANY_REQUESTS, "limit_reached"),
    errors.ServiceLimit: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "limit_reached"),
    errors.StoreError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
    errors.StoreUnavailable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unavailable",
        "The database cannot be used right now; nothing was written, try again",
        {"Retry-After": RETRY_SECONDS},
    ),
    errors.ArtifactsUnavailable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "artifacts_unavailable",
        "The bucket of the artefacts cannot be reached right now; try again",
        {"Retry-After": RETRY_SECONDS},
    ),
    errors.OutcomeUnknown: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "outcome_unknown",
        "The database did not say whether this was written; ask again with the same"
        " Idempotency-Key, which makes sure that it is done once",
        {"Retry-After": RETRY_SECONDS},
    ),
    errors.StoreUnusable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unusable",
        "The database cannot be used as it is; whoever runs this service finds why in its log",
        {"Retry-After": "60"},
    ),
    errors.LostClaim: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
    errors.CorruptArtifact: Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "corrupt_artifact",
        "A stored file is not what was written; it was changed or torn, make it again",
    ),
    errors.OperationFailed: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
    errors.NotRetryable: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL),
}
"""Every class of `headway.errors` that is an `Exception`; a test proves that none is missing."""


class Refused(Exception):
    """A request that HTTP itself refuses: what the queue behind it never hears of."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)
        self.more = dict(more or {})
        """Further members of the document."""


def limited(error: errors.LimitReached) -> Refused:
    """The refusal of what would pass a limit, in the error's own words."""
    return Refused(
        KINDS[type(error)].status,
        error.code,
        str(error),
        headers={"Retry-After": str(max(1, ceil(error.retry_after)))},
        more={"limit": error.limit, "current": error.current},
    )


def unauthorized(detail: str = "Could not validate credentials") -> Refused:
    """The refusal of a call without a valid bearer token."""
    return Refused(
        HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"}
    )


def problem(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[tuple[str, str]] = (),
    more: Mapping[str, object] | None = None,
) -> Response:
    """The answer that tells of an error."""
    document: dict[str, object] = {
        "type": f"urn:headway:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": scope.get("path", ""),
        "code": code,
        "request_id": request_id_of(scope),
    }
    if more:
        document |= more
    if errors:
        document["errors"] = [{"pointer": at, "detail": what} for at, what in errors]
    return Response(_bytes(document), status, dict(headers or {}), MEDIA_TYPE)


def _bytes(document: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:  # a lone surrogate in the path: nothing that JSON can carry
        return orjson.dumps(document | {"instance": ""})


def refusal_of(error: errors.HeadwayError) -> Refused:
    """The same error in HTTP's words."""
    if isinstance(error, errors.LimitReached):
        return limited(error)
    kind = next(KINDS[base] for base in type(error).__mro__ if base in KINDS)
    found = error.errors if isinstance(error, errors.InvalidInput) else ()
    return Refused(
        kind.status, kind.code, kind.detail or str(error), headers=kind.headers, errors=found
    )


def install(app: FastAPI) -> None:
    """Make the application answer every error with a problem document."""
    for kind, handler in handlers().items():
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(Exception, _unforeseen)


def handlers() -> dict[type[Exception], ExceptionHandler]:
    """Who answers which error. What is not here is a defect, and belongs to the whole application."""
    return {
        Refused: _refused,
        errors.HeadwayError: _headway_error,
        RequestValidationError: _invalid_request,
        HTTPException: _http_exception,
        ClientDisconnect: _gone,
    }


async def _refused(request: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(request.scope, error)


async def _headway_error(request: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, errors.HeadwayError)
    if isinstance(error, errors.StoreError):  # its words may name paths, and are not sent
        _log.warning("request %s: %s", request_id_of(request.scope), error)
    return _answer(request.scope, refusal_of(error))


def _answer(scope: Scope, refused: Refused) -> Response:
    return problem(
        scope,
        refused.status,
        refused.code,
        refused.detail,
        headers=refused.headers,
        errors=refused.errors,
        more=refused.more,
    )


async def _invalid_request(request: HTTPConnection, error: Exception) -> Response:
    """Parameters of the path, the query, headers and forms: FastAPI checks those."""
    assert isinstance(error, RequestValidationError)
    found = [
        ("/" + "/".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()
    ][:MOST]
    detail = summary(found)
    return problem(request.scope, 422, "invalid_parameters", detail, errors=found)


async def _http_exception(request: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return problem(request.scope, error.status_code, code, str(error.detail), headers=headers)


def _allowed(request: HTTPConnection) -> list[str]:
    """The methods of all routes on the path: Starlette names those of the first one only."""
    path = placeless(request.scope["path"])
    routes: Sequence[Route] = request.app.state.plain_routes
    on_path = [route.methods for route in routes if route.path_regex.match(path)]
    allowed = {name for methods in on_path for name in methods or ()}
    return sorted(allowed | {"HEAD"} if "GET" in allowed else allowed)


async def _gone(request: HTTPConnection, _error: Exception) -> Response:
    """The client left while it was sending: nobody reads this answer."""
    return problem(request.scope, 400, "client_left", "The request was not sent to its end")


async def _unforeseen(request: Request, _error: Exception) -> Response:
    """A defect of ours. The server logs it with its stack; the caller gets the request id."""
    return problem(request.scope, 500, "internal", _INTERNAL)
