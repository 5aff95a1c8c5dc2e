"""The OpenAPI document: what FastAPI writes, plus what all our routes share."""

from typing import Any, Final

from headway.http.problems import MEDIA_TYPE
from headway.wire.problems import Problem

_SCHEME: Final = "password"
_OPEN: Final = ("/token", "/healthz", "/readyz", "/imports")
_ERROR: Final = {
    "description": "Error",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Add to the document how to sign in, and that all errors are problem documents."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for ours in ("HTTPValidationError", "ValidationError"):
        schemas.pop(ours, None)
    schemas["Problem"] = _hoisted(
        Problem.model_json_schema(ref_template="#/components/schemas/{model}"), schemas
    )
    components["securitySchemes"] = {
        _SCHEME: {"type": "oauth2", "flows": {"password": {"tokenUrl": "/token", "scopes": {}}}}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation, schemas)
    return document


def _complete(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _ERROR
    if not path.startswith(_OPEN):
        operation["security"] = [{_SCHEME: []}]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        body["schema"] = _hoisted(body["schema"], schemas)


def _hoisted(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions moved to where the whole document can refer to them."""
    schema = dict(schema)
    schemas.update(schema.pop("$defs", {}))
    return schema
