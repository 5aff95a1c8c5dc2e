"""`import_csv`: a CSV file as a data set, with an account of every row that is none."""

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from headway.context import Context
from headway.data.csv_format import CsvOptions
from headway.data.csv_reading import CsvTable, open_csv
from headway.data.csv_records import RowError
from headway.data.datasets import ROW_GROUP, DatasetWriter
from headway.data.samples import SAMPLE_CSV
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.requests.import_csv import ImportCsv

MAX_ERRORS: Final = 0.01
FORGIVEN: Final = 10
"""Broken rows that fail no import unless the request says otherwise."""
_REPORTED: Final = 100


@dataclass
class Rejected:
    """The records that are no rows: how many, and the first hundred."""

    count: int = 0
    first: list[RowError] = field(default_factory=list)

    def add(self, error: RowError) -> None:
        """Take note of one more."""
        self.count += 1
        if len(self.first) < _REPORTED:
            self.first.append(error)


def import_csv(request: ImportCsv, ctx: Context) -> dict[str, Json]:
    """Publish a data set with every good row of the file, and say what was wrong with the others.

    Equal content gives equal bytes. An import that was interrupted starts again from the first
    row: reading is most of its work, and a Parquet file cannot be continued.
    """
    source = ctx.artifact("file")
    path = source.path if source is not None else SAMPLE_CSV
    name = request.name or _name_from(request.filename, bundled=source is None)
    target = ctx.scratch / "dataset.parquet"
    with open_csv(
        path, CsvOptions(request.delimiter, request.encoding, request.has_header)
    ) as table:
        rejected, meta = _write(table, path.stat().st_size, target, ctx)
        detected = table.detected
    _check_errors(rejected, meta["rows"], request.max_errors)
    meta = {**meta, "source": request.filename or path.name}
    return {
        "dataset_id": ctx.publish("dataset", name, target, meta=meta),
        "name": name,
        "rows": meta["rows"],
        "columns": meta["columns"],
        "row_errors": [error.as_json() for error in rejected.first],
        "row_error_count": rejected.count,
        "summary": {
            key: meta[key] for key in ("text_column", "label_column", "labels", "sample_rows")
        },
        "sha256": meta["sha256"],
        "detected": detected,
    }


def _write(
    table: CsvTable, size: int, target: Path, ctx: Context
) -> tuple[Rejected, dict[str, Json]]:
    """Write the good rows to the target, and gather the others."""
    rejected = Rejected()
    with DatasetWriter(target, table.names) as writer:
        for number, row in enumerate(table.rows(), start=1):
            if isinstance(row, RowError):
                rejected.add(row)
            else:
                writer.add(row)
            if number % ROW_GROUP == 0:
                ctx.progress(99 * table.bytes_read / max(1, size), f"read {number:,} rows")
    return rejected, writer.meta()


def _check_errors(rejected: Rejected, rows: int, limit: float | None) -> None:
    allowed = (rows + rejected.count) * (MAX_ERRORS if limit is None else limit)
    if limit is None:
        allowed = max(allowed, FORGIVEN)
    if rows and rejected.count <= allowed:
        return
    if not rejected.count:
        raise NotRetryable("expected a CSV file with rows, got a header only; choose another file")
    worst = rejected.first[0]
    raise NotRetryable(
        f"expected at most {int(allowed):,} broken rows, got: {rejected.count:,} beside {rows:,}"
        f" good ones; the first, on line {worst.line}: {worst.reason}."
        " Name the delimiter, the encoding or a higher `max_errors`"
    )


def _name_from(filename: str | None, *, bundled: bool) -> str:
    """A data set's name from a file's: its stem, with dashes for what a name may not have."""
    if bundled:
        return "sample"
    stem = PurePath((filename or "").replace("\\", "/")).name.removesuffix(".gz")
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", stem.removesuffix(".csv")).strip("-._")
    return cleaned[:100] or "dataset"
