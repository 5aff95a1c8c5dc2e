"""Opening a file to import, whichever of the formats it is in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from headway.data.csv_format import CsvOptions
from headway.data.csv_reading import open_csv, reopen_csv
from headway.data.json_lines import looks_like_json_lines, open_json_lines
from headway.data.parquet_reading import looks_like_parquet, open_parquet
from headway.data.tables import Table
from headway.data.text_lines import open_text_lines
from headway.job import Json

FileFormat = Literal["csv", "jsonl", "parquet", "text"]
_NO_OPTIONS: Final = CsvOptions()


def detect_kind(path: Path) -> FileFormat:
    """What kind of file this is, by its first bytes; what is nothing else is CSV.
    Plain text is never found, since it may look like anything."""
    if looks_like_parquet(path):
        return "parquet"
    return "jsonl" if looks_like_json_lines(path) else "csv"


@contextmanager
def open_table(
    path: Path,
    kind: FileFormat | None = None,
    options: CsvOptions = _NO_OPTIONS,
    *,
    leave_out: bool = False,
) -> Iterator[Table]:
    """Open a CSV, JSON Lines, Parquet or text file. `NotRetryable` when it is none or has no rows.

    `leave_out` the fields of JSON Lines that are no column, which else are errors.
    """
    _keep_pages()
    match kind or detect_kind(path):
        case "csv":
            with open_csv(path, options) as table:
                yield table
        case "jsonl":
            with open_json_lines(path, options.columns, leave_out=leave_out) as lines:
                yield lines
        case "parquet":
            with open_parquet(path, options.columns) as rows:
                yield rows
        case "text":
            with open_text_lines(path, options.encoding) as texts:
                yield texts


@contextmanager
def reopen_table(path: Path, opening: Mapping[str, Json]) -> Iterator[Table]:
    """Open a file as `Table.opening` says, without finding out again how it is written."""
    if opening["kind"] == "csv":
        _keep_pages()
        with reopen_csv(path, opening) as table:
            yield table
        return
    known = CsvOptions(encoding=opening.get("encoding"), columns=opening.get("names"))
    with open_table(path, opening["kind"], known) as other:
        yield other


def _keep_pages() -> None:
    """Arrow's own pool gives its pages back, and faults them in again with the next batch: a fifth
    of an import's CPU time, and a quarter of its memory."""
    pa.set_memory_pool(pa.system_memory_pool())
