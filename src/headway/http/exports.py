"""All item results of a job as one file, made once and kept with the job."""

import csv
import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from headway.artifacts import ArtifactFiles
from headway.csv_cells import as_text, csv_cell
from headway.errors import NotFinished
from headway.http.part_files import Row, rows_of
from headway.job import Job
from headway.store.values.attempts import Part

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}

_PARQUET_WRITER: Final = "headway.data.export"
"""By name, and loaded when first asked for: PyArrow is 40 MB that most API processes never need."""
_AT_ONCE: Final = 5_000
"""Rows held in memory together."""

Rows = Callable[[], Iterator[Row]]


def export(job: Job, parts: Sequence[Part], files: ArtifactFiles, ending: str) -> Path:
    """The file with all of a finished job's items, made now if it is not there yet.

    It is named after the job's version: items that are tried again make another file.
    """
    if not job.status.finished:
        raise NotFinished(
            f"expected a job that has ended, got a {job.status} one; its results so far can be"
            " read page by page from /results"
        )
    folder = files.path(f"jobs/{job.id}/exports")
    target = folder / f"results-{job.version}.{ending}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{uuid4().hex}.part"  # of its own: two may ask at the same time
        try:
            _WRITERS[ending](lambda: rows_of(files, parts), partial)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    return target


def _write_jsonl(rows: Rows, path: Path) -> None:
    with path.open("wb") as file:
        for row in rows():
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _write_csv(rows: Rows, path: Path) -> None:
    """RFC 4180, in UTF-8."""
    columns = _columns(rows()).names
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([csv_cell(name) for name in columns])
        for row in rows():
            writer.writerow([csv_cell(row.get(name)) for name in columns])


def _write_parquet(rows: Rows, path: Path) -> None:
    columns = _columns(rows())
    module: Any = importlib.import_module(_PARQUET_WRITER)
    kinds = {name: columns.kind(name) for name in columns.names}
    module.write_parquet(path, kinds, _chunks(rows(), kinds))


_WRITERS: Final[Mapping[str, Callable[[Rows, Path], None]]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}


@dataclass(slots=True)
class _Columns:
    """Every field that an item has, in the order they came, and what values it has."""

    types: dict[str, set[type]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(self.types)

    def kind(self, name: str) -> str:
        """The narrowest of `int`, `float`, `bool` and `text` that holds all of the field's values."""
        found = self.types[name] - {type(None)}
        if found == {bool}:
            return "bool"
        if found == {int}:
            return "int"
        return "float" if found and found <= {int, float} else "text"


def _columns(rows: Iterator[Row]) -> _Columns:
    columns = _Columns()
    for row in rows:
        for name, value in row.items():
            columns.types.setdefault(name, set()).add(type(value))
    return columns


def _chunks(rows: Iterator[Row], kinds: Mapping[str, str]) -> Iterator[dict[str, list[Any]]]:
    while part := list(islice(rows, _AT_ONCE)):
        yield {
            name: [
                row.get(name) if kind != "text" else _text_or_none(row.get(name)) for row in part
            ]
            for name, kind in kinds.items()
        }


def _text_or_none(value: Any) -> str | None:
    return None if value is None else as_text(value)
