"""How every store is opened, here and in the child processes of a test: by its address."""

from pathlib import Path

from headway.store.contract import Store
from headway.store.sqlite import open_sqlite

KINDS = ("sqlite",)
"""Every implementation; each passes the whole suite."""


def address_of(kind: str, data_dir: Path) -> str:
    """Where a new store of this kind is."""
    return f"{kind}:{data_dir}"


def open_at(address: str) -> Store:
    """The store at an address, made if need be."""
    _kind, _, place = address.partition(":")
    return open_sqlite(Path(place))
