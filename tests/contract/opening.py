"""How every store is opened, here and in the child processes of a test: by its address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.store.contract import Store
from headway.store.postgres import open_postgres
from headway.store.sqlite import open_sqlite
from tests.postgres import fresh_database
from tests.sqlite import migrate

KINDS = ("sqlite", "postgres")
"""Every implementation; each passes the whole suite."""

EVERY_KIND = ("sqlite", pytest.param("postgres", marks=pytest.mark.service("postgres")))
"""The same as parameters of a test: one that needs a server is skipped where there is none."""


@contextmanager
def new_address(kind: str, data_dir: Path) -> Iterator[str]:
    """Where a new store of this kind is; what it needs is there until the end."""
    if kind == "postgres":
        with fresh_database() as url:
            yield url
    else:
        migrate(data_dir)
        yield f"{kind}:{data_dir}"


def open_at(address: str) -> Store:
    """The store at an address, made if need be."""
    if address.startswith("postgresql:"):
        return open_postgres(address)
    return open_sqlite(Path(address.partition(":")[2]))


def kind_of(address: str) -> str:
    """Which implementation is at an address."""
    return "postgres" if address.startswith("postgresql:") else "sqlite"
