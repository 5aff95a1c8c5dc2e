"""The one place that knows all concrete classes, and puts them together."""

import importlib
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.catalog import Catalog
from headway.engine.contract import Engine
from headway.engine.local import LocalEngine
from headway.errors import SettingsError
from headway.job import Status
from headway.operation import Registry, load_registry
from headway.queue import Queue
from headway.settings import PREFIX, Settings
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.worker.loop import Worker
from headway.worker.options import WorkerOptions

BUILT_IN = "headway.operations"
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Service:
    """Everything an entry point needs, open."""

    settings: Settings
    store: Store
    registry: Registry
    files: ArtifactFiles
    queue: Queue
    catalog: Catalog
    engine: Engine

    def start(self) -> None:
        """Begin to run jobs. Starting twice is fine."""
        self.engine.start()

    def close(self) -> None:
        """Stop running jobs and close the store. Closing twice is fine."""
        self.engine.stop()
        self.store.close()


def open_service(settings: Settings) -> Service:
    """Open what the settings describe. Raise `SettingsError` or `StoreUnusable`."""
    store = open_store(settings)
    registry = load_registry(modules_of(settings))
    engine = LocalEngine(
        settings.data_dir,
        store.bell,
        _worker_environment(settings),
        embedded=settings.embedded_worker,
        patience=settings.grace + 2.5,  # with all else `serve` ends within 10 s
    )
    return Service(
        settings=settings,
        store=store,
        registry=registry,
        files=files_of(settings),
        queue=Queue(store, registry, engine),
        catalog=Catalog(store),
        engine=engine,
    )


def open_store(settings: Settings) -> Store:
    """The store the settings name. Raise `StoreUnusable` or `StoreUnavailable`."""
    if settings.database_url is None:
        return open_sqlite(settings.data_dir)
    opened: Store = _postgres().open_postgres(settings.database_url.get_secret_value())
    return opened


def _postgres() -> ModuleType:
    """The module that needs a driver which not everybody has installed."""
    try:
        return importlib.import_module("headway.store.postgres")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"HEADWAY_DATABASE_URL: expected the driver of PostgreSQL, but {error.name} is not"
            " installed: pip install 'headway[postgres]'"
        ) from None


def sqlite_directory(settings: Settings) -> Path:
    """Where the settings' SQLite database is. Raise `SettingsError` if they name another one."""
    if settings.database_url is not None:
        raise SettingsError(
            "expected a database in SQLite, but HEADWAY_DATABASE_URL names a server, which has"
            " tools of its own: pg_dump and pg_amcheck"
        )
    return settings.data_dir


def open_worker(settings: Settings, store: Store, *, embedded: bool) -> Worker:
    """A worker for this store, not running yet. An embedded one holds its data directory's lock."""
    return Worker(
        store,
        load_registry(modules_of(settings)),
        files_of(settings),
        modules_of(settings),
        WorkerOptions(
            slots=settings.slots,
            async_slots=settings.async_slots,
            grace=settings.grace,
            memory=None if settings.memory_mb is None else settings.memory_mb * 2**20,
            copies=settings.copies_mb * 2**20,
            keep=settings.keep_days * DAY,
            keep_by_status=_kept_otherwise(settings),
            place=f"{socket.gethostname()}:{settings.data_dir.resolve()}" if embedded else None,
        ),
    )


def modules_of(settings: Settings) -> tuple[str, ...]:
    """The modules whose operations this service runs."""
    return (BUILT_IN, *settings.operations)


def files_of(settings: Settings, *, patience: float = 10.0) -> ArtifactFiles:
    """The files that the settings' database names; a bucket that is away is waited for."""
    root = settings.data_dir.absolute() / "artifacts"
    if settings.artifacts_url is None:
        return ArtifactFiles(root)
    return ArtifactFiles(root, _buckets().Bucket(settings.artifacts_url, patience=patience))


def _buckets() -> ModuleType:
    """The module that needs a library which not everybody has installed."""
    try:
        return importlib.import_module("headway.bucket")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"HEADWAY_ARTIFACTS_URL: expected the library of buckets, but {error.name} is not"
            " installed: pip install 'headway[s3]'"
        ) from None


def _kept_otherwise(settings: Settings) -> dict[Status, float]:
    """Seconds that jobs are kept which ended in a way that has a time of its own."""
    days = {
        Status.COMPLETED: settings.keep_days_completed,
        Status.FAILED: settings.keep_days_failed,
        Status.CANCELLED: settings.keep_days_cancelled,
    }
    return {status: one * DAY for status, one in days.items() if one is not None}


_OF_WORKERS: Final = {
    "artifacts_url", "copies_mb", "operations", "slots", "async_slots", "grace", "memory_mb",
    "keep_days", "keep_days_completed", "keep_days_failed", "keep_days_cancelled",
}  # fmt: skip
"""The settings that a worker reads."""


def _worker_environment(settings: Settings) -> dict[str, str]:
    """The environment of the embedded worker: the same settings, but not the signing secret.

    It finds modules where we find them, whatever folder or tool we were started by.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    told = settings.model_dump(
        mode="json",
        include=_OF_WORKERS,
        exclude_none=True,
    )
    told["operations"] = ",".join(settings.operations)
    if settings.database_url is not None:  # the worker keeps it from the children of operations
        told["database_url"] = settings.database_url.get_secret_value()
    return {
        **ours,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        f"{PREFIX}DATA_DIR": str(settings.data_dir.absolute()),
        **{PREFIX + name.upper(): str(value) for name, value in told.items()},
    }
