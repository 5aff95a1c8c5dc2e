"""The one place that knows all concrete classes, and puts them together."""

import importlib
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from pydantic import SecretStr

from headway.artifacts import ArtifactFiles
from headway.catalog import Catalog
from headway.engine.contract import Engine
from headway.engine.environment import environment_of_worker
from headway.engine.local import LocalEngine
from headway.erasure import Eraser
from headway.errors import SettingsError
from headway.events.spans import Tracer
from headway.job import Status
from headway.limits import Limits
from headway.prediction_log import PredictionLog
from headway.queue import Queue
from headway.registry import Registry, load_registry
from headway.settings import Settings
from headway.store import check
from headway.store.contract import Store
from headway.store.sqlite import FILE_NAME, open_sqlite
from headway.worker.cgroup import ControlGroups
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
    predictions: PredictionLog
    eraser: Eraser

    def start(self) -> None:
        """Begin to run jobs. Starting twice is fine."""
        self.engine.start()

    def close(self) -> None:
        """Stop running jobs and close the store. Closing twice is fine."""
        try:
            self.engine.stop()
        finally:
            self.store.close()


def open_service(settings: Settings) -> Service:
    """Open what the settings describe, or nothing. Raise `SettingsError` or `StoreUnusable`."""
    with ExitStack() as failed:
        store = failed.enter_context(closing(open_store(settings)))
        registry = load_registry(modules_of(settings))
        files = files_of(settings)
        engine = _engine(settings, store)
        queue = Queue(store, registry, engine, limits_of(settings, registry), settings.reach)
        predictions = PredictionLog(settings.data_dir, settings.keep_days_predictions)
        service = Service(
            settings=settings,
            store=store,
            registry=registry,
            files=files,
            queue=queue,
            catalog=Catalog(store, most_bytes=settings.max_stored_mb_per_user * 2**20),
            engine=engine,
            predictions=predictions,
            eraser=Eraser(store, queue, files, predictions),
        )
        failed.pop_all()
    return service


def _engine(settings: Settings, store: Store) -> Engine:
    """What the settings name to bring workers to jobs."""
    if settings.engine == "celery":
        engine: Engine = celery_module("engine").CeleryEngine(settings)
        return engine
    return LocalEngine(
        settings.data_dir,
        store.bell,
        environment_of_worker(settings),
        embedded=settings.embedded_worker,
        patience=settings.grace + 2.5,  # with all else `serve` ends within 10 s
    )


def run_celery_worker(settings: Settings) -> int:
    """Be a Celery worker until told to stop; its exit code."""
    code: int = celery_module("worker").run_worker(settings)
    return code


def celery_module(name: str) -> ModuleType:
    """One of the modules that need Celery."""
    return _installed(f"headway.engine.celery_{name}", "HEADWAY_ENGINE: expected Celery", "celery")


def open_store(settings: Settings) -> Store:
    """The store the settings name. Raise `StoreUnusable` or `StoreUnavailable`."""
    if settings.database_url is None:
        return open_sqlite(settings.data_dir)
    opened: Store = _postgres().open_postgres(settings.database_url.get_secret_value())
    return opened


def schema_of(settings: Settings) -> str | None:
    """The schema's version in the database that the settings name, None if there is none yet.

    Nothing is made or changed. Raise `StoreUnusable` or `StoreUnavailable`.
    """
    if settings.database_url is None:
        is_there = (settings.data_dir / FILE_NAME).exists()
        return check.schema_of(settings.data_dir) if is_there else None
    version: str | None = _postgres().schema_of(settings.database_url.get_secret_value())
    return version


def _postgres() -> ModuleType:
    return _installed(
        "headway.store.postgres",
        "HEADWAY_DATABASE_URL: expected the driver of PostgreSQL",
        "postgres",
    )


def open_tracer(settings: Settings, service: str) -> Tracer | None:
    """Who writes traces in the name of this service; None where the settings name no address."""
    if settings.traces is None:
        return None
    otel = _installed("headway.events.otel", "HEADWAY_TRACES: expected OpenTelemetry", "traces")
    opened: Tracer = otel.open_tracer(settings.traces, service)
    return opened


def _installed(module: str, expected: str, extra: str) -> ModuleType:
    """A module that needs a library which not everybody has installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{expected}, but {error.name} is not installed: pip install 'headway[{extra}]'"
        ) from None


def sqlite_directory(settings: Settings) -> Path:
    """Where the settings' SQLite database is. Raise `SettingsError` if they name another one."""
    if settings.database_url is not None:
        raise SettingsError(
            "expected a database in SQLite, but HEADWAY_DATABASE_URL names a server, which has"
            " tools of its own: pg_dump and pg_amcheck"
        )
    return settings.data_dir


def open_worker(settings: Settings, store: Store, *, place: str | None = None) -> Worker:
    """A worker for this store, not running yet. `place` is the lock it holds, if it holds one."""
    registry = load_registry(modules_of(settings))
    return Worker(
        store,
        _served(registry, settings),
        files_of(settings),
        modules_of(settings),
        WorkerOptions(
            slots=settings.slots,
            withheld=settings.secret_variables(),
            async_slots=settings.async_slots,
            grace=settings.grace,
            memory=None if settings.memory_mb is None else settings.memory_mb * 2**20,
            groups=ControlGroups.below(settings.cgroup),
            copies=settings.copies_mb * 2**20,
            settings={
                "smtp_url": _told(settings.smtp_url),
                "mail_from": settings.mail_from,
                "webhook_private": settings.reach.private,
            },
            keep=settings.keep_days * DAY,
            keep_by_status=_kept_otherwise(settings),
            resources=settings.resources,
            limits=limits_of(settings, registry),
            place=place,
        ),
        open_tracer(settings, "headway-worker"),
    )


def _served(registry: Registry, settings: Settings) -> Registry:
    """The operations that a worker of these settings runs: of its queues, and with what it has."""
    queues = settings.queues or settings.all_queues
    return Registry(
        one
        for one in registry
        if settings.queue_of(one.name) in queues
        and all(settings.resources.get(name, 0) >= n for name, n in one.resources.items())
    )


def limits_of(settings: Settings, registry: Registry) -> Limits:
    """What the store holds jobs to. The processes of one store must agree on it."""
    return Limits(
        queued_per_user=settings.max_queued_per_user,
        queued=settings.max_queued,
        running_per_user=settings.max_running_per_user,
        running=settings.max_running,
        running_of={one.name: one.max_running for one in registry if one.max_running is not None},
    )


def modules_of(settings: Settings) -> tuple[str, ...]:
    """The modules whose operations this service runs."""
    return (BUILT_IN, *settings.operations)


def files_of(settings: Settings, *, patience: float = 10.0) -> ArtifactFiles:
    """The files that the settings' database names; a bucket that is away is waited for."""
    root = settings.data_dir.absolute() / "artifacts"
    if settings.artifacts_url is None:
        return ArtifactFiles(root)
    buckets = _installed(
        "headway.bucket", "HEADWAY_ARTIFACTS_URL: expected the library of buckets", "s3"
    )
    return ArtifactFiles(root, buckets.Bucket(settings.artifacts_url, patience=patience))


def _kept_otherwise(settings: Settings) -> dict[Status, float]:
    """Seconds that jobs are kept which ended in a way that has a time of its own."""
    days = {
        Status.COMPLETED: settings.keep_days_completed,
        Status.FAILED: settings.keep_days_failed,
        Status.CANCELLED: settings.keep_days_cancelled,
    }
    return {status: one * DAY for status, one in days.items() if one is not None}


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
