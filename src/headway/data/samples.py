"""The bundled data sets: `sample` (3,000 tickets, in the package) and `test` (200,000, made when
first asked for). Both are synthetic; see `tickets`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from headway.data.csv_reading import open_csv
from headway.data.csv_records import RowError
from headway.data.datasets import DatasetWriter
from headway.data.tickets import GENERATOR, tickets
from headway.errors import UnknownArtifact

SAMPLE_CSV: Final = Path(__file__).with_name("sample.csv")
SAMPLE_ROWS: Final = 3_000
SAMPLE_SEED: Final = 1
TEST_ROWS: Final = 200_000
TEST_SEED: Final = 2
NAMES: Final = ("sample", "test")
_END: Final = b"PAR1"


def bundled_dataset(name: str, cache: Path) -> Path:
    """The Parquet file of a bundled data set, made in `cache` on first use: once, also when several
    processes ask at the same time, and with the same bytes each time."""
    if name not in NAMES:
        raise UnknownArtifact(f"expected one of {', '.join(NAMES)}, got: {name[:80]!r}")
    path = cache / f"bundled-{name}-{GENERATOR}.parquet"
    if not _is_whole(path):
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(path.with_suffix(".lock")):
            if not _is_whole(path):
                _make(name, path)
    return path


def bundled_rows(name: str) -> Iterator[tuple[str, str]]:
    """The (text, label) rows of a bundled data set."""
    if name == "test":
        yield from tickets(TEST_ROWS, TEST_SEED)
        return
    with open_csv(SAMPLE_CSV) as table:
        for row in table.rows():
            if not isinstance(row, RowError):
                yield row[0], row[1]


def _is_whole(path: Path) -> bool:
    """Whether it is there to its end, which a power cut may have left out."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END
    except OSError:
        return False


def _make(name: str, path: Path) -> None:
    partial = path.with_suffix(f".{os.getpid()}.part")
    with DatasetWriter(partial, ("text", "label")) as writer:
        for row in bundled_rows(name):
            writer.add(row)
    partial.replace(path)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; it is released when the process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
