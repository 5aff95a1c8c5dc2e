"""What a worker process is told that we start: the settings it reads, and no secret it does not."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from headway.settings import PREFIX, Settings

_OF_WORKERS: Final = {
    "artifacts_url", "copies_mb", "operations", "slots", "async_slots", "grace", "mail_from", "memory_mb",
    "queue", "queues", "routes", "resources",
    "keep_days", "keep_days_completed", "keep_days_failed", "keep_days_cancelled",
    "max_running_per_user", "max_running", "log_level", "traces",
}  # fmt: skip
"""The settings that a worker reads."""


def environment_of_worker(settings: Settings) -> dict[str, str]:
    """The environment of a worker with the same settings, but without the signing secret.

    It finds modules where we find them, whatever folder or tool we were started by.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    told = settings.model_dump(
        mode="json",
        include=_OF_WORKERS,
        exclude_none=True,
    )
    if settings.database_url is not None:  # the worker keeps it from the children of operations
        told["database_url"] = settings.database_url.get_secret_value()
    if settings.smtp_url is not None:  # and this too
        told["smtp_url"] = settings.smtp_url.get_secret_value()
    told["webhook_private"] = settings.reach.private
    return {
        **ours,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        f"{PREFIX}DATA_DIR": str(settings.data_dir.absolute()),
        **{PREFIX + name.upper(): _text(value) for name, value in told.items()},
    }


def _text(value: Any) -> str:
    """As `Settings.from_env` reads it."""
    if isinstance(value, Mapping):
        return ",".join(f"{name}={one}" for name, one in value.items())
    return ",".join(value) if isinstance(value, list | tuple) else str(value)
