"""What there is to work with: operations, data sets, models."""

import inspect
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from headway.artifacts import BUNDLED, BUNDLED_PREFIX
from headway.http.auth import Caller, CallerDep, json_answer
from headway.operation import Operation
from headway.store.values import StoredArtifact
from headway.wire.base import moment
from headway.wire.catalog import ArtifactView, OperationView

router = APIRouter(prefix="/api/v1", tags=["catalog"])

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/operations", response_model=list[OperationView])
def list_operations(caller: CallerDep) -> Response:
    """Every operation that jobs can run, with the JSON Schema of its input."""
    known = sorted(caller.parts.queue.registry, key=lambda one: one.name)
    return json_answer([_operation(one) for one in known])


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "job_type": operation.name,
        "description": inspect.getdoc(operation.function),
        "input_schema": operation.input.model_json_schema(),
        "max_attempts": operation.max_attempts,
        "timeout": operation.timeout,
    }


@router.get("/datasets", response_model=list[ArtifactView])
def list_datasets(caller: CallerDep, limit: Limit = 100) -> Response:
    """Your data sets, newest first, then those that come with the package."""
    return json_answer(_artifacts(caller, "dataset", limit))


@router.get("/models", response_model=list[ArtifactView])
def list_models(caller: CallerDep, limit: Limit = 100) -> Response:
    """Your models, newest first, then those that come with the package."""
    return json_answer(_artifacts(caller, "model", limit))


def _artifacts(caller: Caller, kind: str, limit: int) -> list[dict[str, Any]]:
    own = caller.parts.queue.artifacts(caller.name, kind, limit=limit)
    bundled = sorted(BUNDLED[kind])
    return [_own(one) for one in own] + [_bundled(kind, name) for name in bundled]


def _own(artifact: StoredArtifact) -> dict[str, Any]:
    return {
        "id": artifact.id,
        "kind": artifact.kind,
        "name": artifact.name,
        "version": artifact.version,
        "bundled": False,
        "size": artifact.size,
        "created_at": moment(artifact.created_at),
        "job_id": artifact.job_id,
        "meta": artifact.meta,
    }


def _bundled(kind: str, name: str) -> dict[str, Any]:
    return {
        "id": BUNDLED_PREFIX + name,
        "kind": kind,
        "name": name,
        "version": None,
        "bundled": True,
        "size": None,
        "created_at": None,
        "job_id": None,
        "meta": {},
    }
