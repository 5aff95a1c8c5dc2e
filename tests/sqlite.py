"""SQLite for tests: a database with our tables is copied, which is faster than making them each time."""

import atexit
import fcntl
import shutil
import tempfile
from functools import cache
from pathlib import Path

from headway.store.sqlite import FILE_NAME, open_sqlite


def migrate(data_dir: Path) -> None:
    """Make the database of a data directory, as whoever opens it first would; leave one that is there."""
    database = data_dir / FILE_NAME
    if not database.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(_template(), database)


@cache
def _template() -> Path:
    """A database with our tables and nothing in them, made once for each process."""
    folder = Path(tempfile.mkdtemp(prefix="hw-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_sqlite(folder).close()
    return folder / FILE_NAME


def is_locked(path: Path) -> bool:
    """Whether somebody holds this file."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
