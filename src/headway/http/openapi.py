"""The OpenAPI document: what FastAPI writes, plus what all our routes share."""

from collections.abc import Callable
from typing import Any, Final

from headway.http.answers import complete
from headway.rights import Scope
from headway.wire.problems import Problem

_SCHEME: Final = "password"
_OPEN: Final = ("/token", "/healthz", "/readyz", "/metrics", "/imports")
_SCOPES: Final = {
    "read": "look at what is your own, or shared",
    "submit": "make, change and remove what is your own",
    "operate": "see where everybody's jobs stand; of operators and admins",
    "admin": "make, change and remove users; of admins",
    "account": "your password, tokens, keys and account; of tokens, never of keys",
}
TAG: Final = "headway"
"""Marks our routes in the document of an application that they are mounted in."""
_PROBLEM: Final = "#/components/schemas/Problem"
_MOUNTED_PROBLEM: Final = "#/components/schemas/HeadwayProblem"


def describe(document: dict[str, Any], needed: Callable[[str, str], Scope]) -> dict[str, Any]:
    """Add to the document how to sign in, what a caller of each route must be allowed, and that all
    errors are problem documents."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for ours in ("HTTPValidationError", "ValidationError"):
        schemas.pop(ours, None)
    schemas["Problem"] = _hoisted(
        Problem.model_json_schema(ref_template="#/components/schemas/{model}"), schemas
    )
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "oauth2",
            "description": "A token of `POST /token`, which is worth what its user's role is, or a"
            " key of `POST /api/v1/keys`, which is worth its scopes",
            "flows": {"password": {"tokenUrl": "/token", "scopes": _SCOPES}},
        }
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not path.startswith(_OPEN):
                operation["security"] = [{_SCHEME: [needed(method, path).value]}]
            _complete(operation, schemas)
            complete(operation, method, path, _PROBLEM)
    return document


def describe_mounted(
    document: dict[str, Any], prefix: str, entrance: dict[str, Any]
) -> dict[str, Any]:
    """Add to a host's document what it cannot know of our routes, which are those below the prefix
    and have our tag: how they tell errors, and the `entrance`, its own document of a route that asks
    nothing but who the user is. What is the host's stays as it is."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    ours: dict[str, Any] = {}
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    ours["HeadwayProblem"] = _hoisted(problem, ours)
    (asked,) = (one for methods in entrance["paths"].values() for one in methods.values())
    for kind, named in entrance.get("components", {}).items():
        document["components"].setdefault(kind, {}).update(named)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(prefix) and TAG in operation.get("tags", ()):
                operation.setdefault("parameters", []).extend(asked.get("parameters", ()))
                if "security" in asked:
                    operation["security"] = asked["security"]
                _complete(operation, ours)
                complete(operation, method, path.removeprefix(prefix), _MOUNTED_PROBLEM)
    for name, schema in ours.items():
        schemas.setdefault(name, schema)
    return document


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        body["schema"] = _hoisted(body["schema"], schemas)


def _hoisted(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions moved to where the whole document can refer to them."""
    schema = dict(schema)
    schemas.update(schema.pop("$defs", {}))
    return schema
