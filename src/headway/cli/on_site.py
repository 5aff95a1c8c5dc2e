"""The service as whoever runs it sees it: from its own machine, whosever jobs they are.

What stands beside a service makes no database and brings none to another schema: one would be made
wherever a directory is mistyped, and a service of another version may be running on it.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.cli.starting import find_modules_here
from headway.errors import NotFound, StoreUnusable
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.identity import User, Users
from headway.store.migrate import HEAD
from headway.wiring import Service, open_service, open_store, schema_of


def add_data_dir(*parsers: ArgumentParser) -> None:
    """What every command takes that works on the data."""
    for one in parsers:
        one.add_argument("--data-dir", type=Path, help="where the service keeps its data")


def known_user(users: Users, name: str) -> User:
    """The user of this name. Raise `NotFound` if there is none."""
    user = users.get(name)
    if user is None:
        raise NotFound(f"expected the name of a user, got {name[:80]!r}: headway users list")
    return user


@contextmanager
def site(data_dir: Path | None) -> Iterator[Service]:
    """What works on a data directory or database. Nothing is started."""
    find_modules_here()
    settings = Settings.from_env(data_dir=data_dir, embedded_worker=False)
    _refuse_other_schema(settings, schema_of(settings))
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def site_store(data_dir: Path | None, *, may_make: bool = False) -> Iterator[Store]:
    """The store of a data directory or database. No operation is loaded."""
    settings = Settings.from_env(data_dir=data_dir)
    version = schema_of(settings)
    if version is None and may_make:
        print(f"A new database is made: {_place(settings)}", file=sys.stderr)
    else:
        _refuse_other_schema(settings, version)
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def _refuse_other_schema(settings: Settings, version: str | None) -> None:
    if version is None:
        raise StoreUnusable(
            f"expected a database, got none: {_place(settings)}; name the service's with --data-dir or"
            " HEADWAY_DATA_DIR, or start one with headway serve"
        )
    if version != HEAD:
        remedy = (
            "stop the service, and run: headway db upgrade"
            if version < HEAD
            else "use the version of Headway that made it"
        )
        raise StoreUnusable(
            f"expected a database of schema {HEAD}, got one of {version}: {_place(settings)}; {remedy}"
        )


def _place(settings: Settings) -> str:
    if settings.database_url is None:
        return f"in {settings.data_dir.absolute()}"
    return "at HEADWAY_DATABASE_URL"
