"""Which answers a route can give beside the one it is for, as OpenAPI has them.

Most follow from what the route takes; the few that do not stand in a table. A test that sends all
kinds of requests fails at an answer that is not told here.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from headway.http.headers import LONGEST_WAIT
from headway.http.refusals import MEDIA_TYPE

Operation = dict[str, Any]

_EVERY: Final = (403, 500, 503)
"""403: in development mode only this host is answered."""
_WITH_BODY: Final = (400, 413, 415, 422)
_WITHOUT_BODY: Final = (413, 422)
_WITH_PARAMETERS: Final = (422,)
_WITH_USER: Final = (401, 429)
_WITH_KEY: Final = (400, 409, 422)
_ABOUT_ONE: Final = (404,)

_NAMED: Final = frozenset({"batch-predict", "train-model", "evaluate-model"})
_KEYED: Final = "x-headway-keyed"
_WAITS: Final = "x-headway-waits"
"""Marks of a route on their way to `complete`; the document does not show them."""
_ALSO: Final[Mapping[str, tuple[int, ...]]] = {
    "POST /token": (401, 429),
    "POST /imports": (401, 429),
    "GET /imports/{task_id}": (401, 429),
    "GET /metrics": (401,),
    "POST /api/v1/keys": (409,),
    "POST /api/v1/users": (409,),
    "POST /api/v1/users/me/delete": (409,),
    "PATCH /api/v1/users/{name}": (409,),
    "DELETE /api/v1/users/{name}": (409,),
    "POST /api/v1/predict": (502,),
    "DELETE /api/v1/jobs/{job_id}": (400,),
    "POST /api/v1/jobs/{job_id}/cancel": (400,),
    "GET /api/v1/jobs/{job_id}/results.{ending}": (409, 416),
    "GET /api/v1/datasets/{ref}/file": (416,),
    "GET /api/v1/models/{ref}/file": (416,),
    "DELETE /api/v1/files/{ref}": (409,),
    "GET /api/v1/jobs/{job_id}/evaluation.csv": (409,),
    **{f"DELETE /api/v1/{kind}s/{{ref}}": (409,) for kind in ("dataset", "model")},
    **{
        f"{method}{rest}": (409,)
        for kind in ("dataset", "model")
        for method, rest in (
            ("PUT ", f"/api/v1/{kind}s/{{name}}/aliases/{{alias}}"),
            ("POST ", f"/api/v1/{kind}s/{{name}}/aliases/{{alias}}/rollback"),
        )
    },
}
_IN_PARTS: Final = frozenset(name for name, statuses in _ALSO.items() if 416 in statuses)
_GONE: Final = "/api/v1/jobs/{job_id}"
_POLLED: Final = frozenset({"GET /api/v1/jobs/{job_id}", "GET /imports/{task_id}"})
_WAITED_FOR: Final = _POLLED | {"POST /api/v1/jobs/{job_id}/retry"}


def keyed(described: Operation | None = None, *, waits: bool = False) -> Operation:
    """The `openapi_extra` of a route that takes an `Idempotency-Key`, and of one that makes a job
    and lets its client wait for the end."""
    return {**(described or {}), _KEYED: True, _WAITS: waits}


def complete(operation: Operation, method: str, path: str, schema: str) -> None:
    """Tell all that the route can answer, and which headers it heeds. Its errors are of the schema
    that is found there."""
    name = f"{method.upper()} {path}"
    is_keyed, waits = operation.pop(_KEYED, False), operation.pop(_WAITS, False)
    _add_headers(operation, name, is_keyed=is_keyed, waits=waits)
    responses = operation["responses"]
    _add_preferred(responses, name, waits=waits)
    statuses = {*_problems(operation, name), *(_WITH_KEY if is_keyed else ())}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": schema}}},
        }


def _problems(operation: Operation, name: str) -> Iterator[int]:
    yield from _EVERY
    yield from _ALSO.get(name, ())
    if "security" in operation:
        yield from _WITH_USER
    if "requestBody" in operation:
        yield from _WITH_BODY
    elif not name.startswith("GET "):
        yield from _WITHOUT_BODY
    if operation.get("parameters"):
        yield from _WITH_PARAMETERS
    if "{" in name and "/imports/" not in name:
        yield from _ABOUT_ONE
    if _GONE in name:
        yield HTTPStatus.GONE


def _add_preferred(responses: dict[str, Any], name: str, *, waits: bool) -> None:
    """The answers that a request header asks for."""
    view = "ImportView" if name == "POST /imports" else "JobView"
    job: dict[str, Any] = {"$ref": f"#/components/schemas/{view}"}
    if waits:
        accepted = responses["200"] if "200" in responses else responses["202"]
        finished = {"description": "The finished job, where `Prefer: wait` was asked for"}
        responses["202"] = accepted
        if name.rpartition("/")[2] in _NAMED:
            job = {"anyOf": [accepted["content"]["application/json"]["schema"], job]}
        responses["200"] = {**finished, "content": {"application/json": {"schema": job}}}
    if name in _POLLED:
        responses["304"] = {"description": "It is as `If-None-Match` has it"}
    if name in _IN_PARTS:
        several = {"multipart/byteranges": {"schema": {"type": "string", "format": "binary"}}}
        responses["206"] = {
            "description": "The part that `Range` asks for, or all parts, each with its own headers",
            "content": {**responses["200"].get("content", {}), **several},
        }


def _add_headers(operation: Operation, name: str, *, is_keyed: bool, waits: bool) -> None:
    wanted = []
    if is_keyed:
        wanted.append(
            _header(
                "Idempotency-Key",
                "Names this request: sent again, it is answered as before",
                {"pattern": "^[\\x21-\\x7e]{1,255}$"},
            )
        )
    if waits or name in _WAITED_FOR:
        wanted.append(
            _header(
                "Prefer",
                f"`wait=N` waits up to {LONGEST_WAIT} seconds for the"
                " job's end; `respond-async` makes a 200 of a submission a 202",
            )
        )
    if name in _POLLED:
        wanted.append(_header("If-None-Match", "The `ETag` of an earlier answer"))
    if name in _IN_PARTS:
        wanted.append(_header("Range", "`bytes=first-last`"))
    if wanted:
        operation.setdefault("parameters", []).extend(wanted)


def _header(name: str, description: str, schema: Mapping[str, str] | None = None) -> Operation:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **(schema or {})},
    }
