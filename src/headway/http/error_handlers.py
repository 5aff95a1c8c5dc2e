"""Who answers which error, always with a problem document (RFC 9457)."""

import logging
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from headway import errors
from headway.http.application import application_of
from headway.http.border import request_id_of
from headway.http.problems import INTERNAL, Refused, refusal_of
from headway.http.refusals import MEDIA_TYPE, document
from headway.http.written_out import allowed
from headway.mistakes import MOST, pointer, summary
from headway.wire.places import placeless

_log = logging.getLogger("headway")


def install_handlers(app: FastAPI) -> None:
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


async def _invalid_request(request: HTTPConnection, error: Exception) -> Response:
    """Parameters of the path, the query, headers and forms: FastAPI checks those."""
    assert isinstance(error, RequestValidationError)
    found = [(pointer(one["loc"]), one["msg"]) for one in error.errors()][:MOST]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    refused = Refused(status, "invalid_parameters", summary(found), errors=found)
    return _answer(request.scope, refused)


async def _http_exception(request: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        path = placeless(request.scope["path"])
        headers["Allow"] = ", ".join(allowed(application_of(request).routes, path))
    return _answer(request.scope, Refused(status, code, str(error.detail), headers=headers))


async def _gone(request: HTTPConnection, _error: Exception) -> Response:
    """The client left while it was sending: nobody reads this answer."""
    left = Refused(HTTPStatus.BAD_REQUEST, "client_left", "The request was not sent to its end")
    return _answer(request.scope, left)


async def _unforeseen(request: Request, _error: Exception) -> Response:
    """A defect of ours. The server logs it with its stack; the caller gets the request id."""
    return _answer(request.scope, Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL))


def _answer(scope: Scope, refused: Refused) -> Response:
    told = [{"pointer": at, "detail": what} for at, what in refused.errors]
    body = document(
        refused.status,
        refused.code,
        refused.detail,
        path=scope.get("path", ""),
        request_id=request_id_of(scope),
        **refused.more,
        **({"errors": told} if told else {}),
    )
    return Response(body, refused.status, refused.headers, MEDIA_TYPE)
