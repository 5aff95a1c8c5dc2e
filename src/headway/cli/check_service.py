"""The doctor's look at what the service needs: operations, the database, workers, the clock."""

import time
from collections.abc import Generator, Iterator
from typing import Final

from headway.cli.diagnosis import Diagnosis, note, well, wrong
from headway.counting import counted
from headway.errors import HeadwayError, SettingsError
from headway.job import Status
from headway.registry import Registry, load_registry
from headway.settings import Settings
from headway.store.check import check
from headway.store.contract import Store
from headway.store.migrate import HEAD
from headway.store.sqlite import FILE_NAME
from headway.store.sqlite_driver import driver
from headway.store.values.history import JobQuery
from headway.why import lack_of_workers
from headway.wiring import files_of, modules_of, open_store, schema_of, sqlite_directory

_SKEW: Final = 5.0


def examine(settings: Settings) -> Iterator[Diagnosis]:
    """Everything the service would need. A database is opened only where it is there and whole."""
    registry = Registry()
    try:
        registry = load_registry(modules_of(settings))
    except SettingsError as error:
        yield wrong(str(error), "name modules that `python -c 'import ...'` finds here")
    else:
        yield well(f"{counted(len(list(registry)), 'operation')} can be imported")
    is_whole = yield from (_server if settings.database_url else _sqlite)(settings)
    if not is_whole:
        return
    try:
        store = open_store(settings)
    except HeadwayError as error:
        yield wrong(str(error), "see HEADWAY_DATABASE_URL, and whether the server runs")
        return
    try:
        yield from _inside(store, registry, settings)
    finally:
        store.close()


def _server(settings: Settings) -> Generator[Diagnosis, None, bool]:
    try:
        version = schema_of(settings)
    except HeadwayError as error:
        yield wrong(str(error), "see HEADWAY_DATABASE_URL, and whether the server runs")
        return False
    if version is None:
        yield well("the database has no tables yet: they are made at the first start")
    elif version != HEAD:
        yield wrong(
            f"the schema is {version}, this program's is {HEAD}",
            "run: headway db upgrade, or if it is newer, the version of Headway that made it",
        )
    else:
        yield well(f"the database has schema {HEAD}")
    return version == HEAD


def _sqlite(settings: Settings) -> Generator[Diagnosis, None, bool]:
    yield from _driver()
    directory = sqlite_directory(settings)
    if not (directory / FILE_NAME).exists():
        yield well("there is no database yet: it is made at the first start")
        return False
    try:
        found = check(directory, files_of(settings).root)
    except HeadwayError as error:
        yield wrong(str(error), "headway db check")
        return False
    for one in found:
        yield wrong(one.what, one.remedy)
    if not found:
        yield well(f"the database is whole, schema {HEAD}")
    return not found


def _driver() -> Iterator[Diagnosis]:
    if driver.sqlite_version_info >= (3, 51, 3):
        yield well(f"SQLite {driver.sqlite_version}")
    else:
        yield note(
            f"SQLite {driver.sqlite_version} is older than 3.51.3: the slower rollback journal is"
            " used",
            "pip install pysqlite3",
        )


def _inside(store: Store, registry: Registry, settings: Settings) -> Iterator[Diagnosis]:
    try:
        health = store.health()
        yield well(f"{health.engine} {health.version} can be written")
        yield from _workers(store, settings)
        yield from _waiting(store, registry, settings)
        yield from _clock(store)
    except HeadwayError as error:
        yield wrong(str(error), "headway db check")


def _workers(store: Store, settings: Settings) -> Iterator[Diagnosis]:
    alive = store.workers.alive()
    waits = bool(store.jobs.find(JobQuery(statuses=[Status.PENDING, Status.RUNNING], limit=1)))
    start = "headway work" if not settings.embedded_worker else "headway serve, or headway work"
    if alive:
        seen = max(one.beat_at for one in alive)
        yield well(
            f"{counted(len(alive), 'worker')}, seen {max(0.0, time.time() - seen):.0f} s ago"
        )
    elif waits:
        yield wrong("jobs wait, and no worker was seen lately", f"start one: {start}")
    else:
        yield note("no worker was seen lately", f"before jobs can run: {start}")


def _waiting(store: Store, registry: Registry, settings: Settings) -> Iterator[Diagnosis]:
    """Jobs that no worker with these settings would ever claim, or none of those that live."""
    query = JobQuery(statuses=[Status.PENDING, Status.RUNNING], limit=1_000)
    wanted = {one.operation for one in store.jobs.find(query)}
    if unknown := wanted - {one.name for one in registry}:
        yield wrong(
            f"jobs wait for operations nobody has here: {', '.join(sorted(unknown))}",
            "name their modules in HEADWAY_OPERATIONS",
        )
    alive = store.workers.alive()
    for operation in sorted(wanted - unknown) if alive else ():
        lack = lack_of_workers(operation, alive, registry, settings.queue_of)
        if lack is not None:
            yield wrong(f"jobs wait, and {lack.what}", lack.remedy)


def _clock(store: Store) -> Iterator[Diagnosis]:
    newest = store.jobs.find(JobQuery(limit=1))
    told = [one.created_at for one in newest] + [one.beat_at for one in store.workers.alive()]
    ahead = max(told, default=0.0) - time.time()
    if ahead > _SKEW:
        yield wrong(
            f"this machine's clock is {ahead:.0f} s behind what the database has seen",
            "set the clock, and keep it with NTP",
        )
    else:
        yield well("the clock has not gone back")
