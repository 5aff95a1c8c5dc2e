"""A database's file as it is: nothing is made, upgraded or set. For those who look after it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from headway.errors import StoreUnusable
from headway.store.sqlite import BUSY_SECONDS
from headway.store.sqlite_driver import driver, mapped


@contextmanager
def open_file(path: Path) -> Iterator[Any]:
    """A driver's connection to a database that exists, or `StoreUnusable`."""
    if not path.is_file():
        raise StoreUnusable(
            f"expected a database at {path}, got none; name the service's data directory with"
            " --data-dir or HEADWAY_DATA_DIR"
        )
    try:
        with closing(
            driver.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
        ) as connection:
            yield connection
    except driver.Error as error:
        raise mapped(error) from None
