"""Durable jobs for ML APIs.

A public name is loaded when it is first asked for, so that `headway --help`, a client or a worker's
child brings along only what it uses.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from headway.context import AsyncContext, Context
    from headway.errors import (
        Cancelled,
        HeadwayError,
        Interrupted,
        NotRetryable,
        OperationFailed,
    )
    from headway.http.mounting import mount
    from headway.job import Job, Status
    from headway.operation import Operation, operation
    from headway.own_model import OwnModel, model
    from headway.retry import Backoff
    from headway.settings import Settings
else:

    class _Package(ModuleType):
        """The package. A public name of its own wins over a module of the same name."""

        def __getattr__(self, name: str) -> object:
            if name not in HOMES:
                raise AttributeError(f"module 'headway' has no attribute {name!r}")
            return getattr(importlib.import_module(HOMES[name]), name)

        def __setattr__(self, name: str, value: object) -> None:
            # Who imports the module `headway.operation` must not take `operation` from others.
            if not (name in HOMES and isinstance(value, ModuleType)):
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _Package


__all__ = [
    "AsyncContext",
    "Backoff",
    "Cancelled",
    "Context",
    "HeadwayError",
    "Interrupted",
    "Job",
    "NotRetryable",
    "Operation",
    "OperationFailed",
    "OwnModel",
    "Settings",
    "Status",
    "model",
    "mount",
    "operation",
]

HOMES: Final = {
    "AsyncContext": "headway.context",
    "Backoff": "headway.retry",
    "Cancelled": "headway.errors",
    "Context": "headway.context",
    "HeadwayError": "headway.errors",
    "Interrupted": "headway.errors",
    "Job": "headway.job",
    "NotRetryable": "headway.errors",
    "Operation": "headway.operation",
    "OperationFailed": "headway.errors",
    "OwnModel": "headway.own_model",
    "Settings": "headway.settings",
    "Status": "headway.job",
    "model": "headway.own_model",
    "mount": "headway.http.mounting",
    "operation": "headway.operation",
}
"""Where each public name is defined. A test holds it to the imports above."""
