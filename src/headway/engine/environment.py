"""What a worker process is told that we start: the settings it reads, and no secret it does not."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from headway.environment import PREFIX
from headway.settings import Settings

_NOT_OF_WORKERS: Final = {"secret_key", "broker_url", "metrics_token", "mode", "engine"}
"""Secrets that a worker has no use for; the mode, which asks for one of them; and the engine, since
it is ours that started it. All else it is told, whether it reads it or not."""


def environment_of_worker(settings: Settings) -> dict[str, str]:
    """The environment of a worker with the same settings, but without the secrets it does not read.

    It finds modules where we find them, whatever folder or tool we were started by.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    told = settings.model_dump(exclude=_NOT_OF_WORKERS, exclude_none=True)
    told["data_dir"] = settings.data_dir.absolute()
    told["webhook_private"] = settings.reach.private  # what the mode comes to for a worker
    return {
        **ours,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        **{PREFIX + name.upper(): _text(value) for name, value in told.items()},
    }


def _text(value: Any) -> str:
    """As `Settings.from_env` reads it."""
    if isinstance(value, SecretStr):  # the worker keeps it from the children of operations
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return ",".join(f"{name}={one}" for name, one in value.items())
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
