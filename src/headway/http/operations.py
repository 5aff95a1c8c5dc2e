"""What jobs can run: the operations, with what each takes."""

import inspect
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from headway.http.auth import CallerDep
from headway.http.json_answer import json_answer
from headway.operation import Operation
from headway.wire.catalog import OperationView

router = APIRouter(prefix="/api/v1", tags=["catalog"])


@router.get("/operations", response_model=list[OperationView])
def list_operations(caller: CallerDep) -> Response:
    """Every operation that jobs can run, with the JSON Schema of its input."""
    offered = [one for one in caller.parts.queue.registry if not one.internal]
    known = sorted(offered, key=lambda one: one.name)
    return json_answer([_operation(one) for one in known])


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "job_type": operation.name,
        "description": _description(operation),
        "input_schema": operation.input.model_json_schema(),
        "max_attempts": operation.max_attempts,
        "timeout": operation.timeout,
    }


def _description(operation: Operation) -> str | None:
    """What a function says of itself; of one that is only named, what its input says."""
    told = operation.input if isinstance(operation.function, str) else operation.function
    return inspect.getdoc(told)
