"""CSV files batch by batch: what is a row comes out as one, what is none as an error with its line.

Memory does not grow with the file: a record may have at most 16 MiB. Every record is a row, an error
or blank, and stands in exactly one batch. What becomes of a record depends on nothing before the
`Cursor` in front of it, so that reading can go on from there as if it had never stopped.
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.data.csv_clean import read_clean
from headway.data.csv_format import CsvOptions, Format, as_opening, detect_format, of_opening
from headway.data.csv_records import (
    RowError,
    decoded_lines,
    read_records,
)
from headway.data.source import Source, open_source
from headway.data.tables import Batch, Cursor
from headway.data.windowed import BLOCK, WindowedTable, endless, too_long
from headway.data.windows import LONGEST_RECORD, Window
from headway.job import Json

_DETECT: Final = CsvOptions()


class CsvTable(WindowedTable):
    """An open CSV file: how it is written, its column names, and its rows, to be taken once."""

    def __init__(self, source: Source, format: Format, names: list[str], block: int) -> None:
        super().__init__(source, format.start, block)
        self.names = names
        self.format = format

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written, each part with a confidence from 0 to 1."""
        return self.format.as_json()

    @property
    def opening(self) -> dict[str, Json] | None:
        """See `Table.opening`."""
        if self.format.packing is not None or not self.format.encoding.can_begin_anywhere:
            return None
        return {"kind": "csv", "names": self.names, "format": as_opening(self.format)}

    def rows(self) -> Iterator[list[str] | RowError]:
        """Yield each record as a row with one value per column, or as the error it is. Blank lines
        are neither; errors come after the rows of their batch."""
        for batch in self.batches():
            yield from map(list, zip(*[one.to_pylist() for one in batch.columns], strict=True))
            yield from batch.rejected

    def batches(self, start: Cursor | None = None, end: int | None = None) -> Iterator[Batch]:
        """See `Table.batches`."""
        cursor, window = self._begin(start, end)
        while window.grow():
            batch = self._next(window, cursor, whole=window.at_end and end is None)
            if batch is not None:
                cursor = batch.after
                yield batch
            elif window.at_end:  # a record goes on behind the end
                return
            # else more must be read to know where the first record ends

    def _next(self, window: Window, cursor: Cursor, *, whole: bool) -> Batch | None:
        block = window.whole_lines()
        if not block:
            return self._endless(window, cursor) if len(window.held) >= LONGEST_RECORD else None
        batch = self._clean(block, cursor) or self._careful(block, cursor, whole=whole)
        if batch is not None:
            window.take(batch.after.offset - cursor.offset)
        return batch

    def _clean(self, block: bytes, cursor: Cursor) -> Batch | None:
        """All of a piece in which nothing is odd."""
        format = self.format
        columns = read_clean(block, format.encoding.codec, format.dialect, format.layout)
        if columns is None:
            return None
        after = Cursor(cursor.offset + len(block), cursor.line + _line_feeds(block))
        return Batch(self._fitted(columns), _CountedLines(columns, cursor.line), after)

    def _careful(self, block: bytes, cursor: Cursor, *, whole: bool) -> Batch | None:
        """The records of a piece, one by one."""
        codec, dialect = self.format.encoding.codec, self.format.dialect
        encoded = block.splitlines(keepends=True)
        lines, damaged = decoded_lines(encoded, block, codec)
        found = read_records(lines, cursor.line, dialect, self.format.layout, whole=whole)
        if found.used == 0:
            if len(block) < LONGEST_RECORD:
                return None
            found.reject(cursor.line, too_long("record"), lines[0])
            found.used = 1
        if damaged:
            found.reject_undecoded(codec, dialect.delimiter)
        after = Cursor(
            cursor.offset + sum(map(len, encoded[: found.used])), cursor.line + found.used
        )
        return Batch(
            self._columns(found.rows),
            found.lines,
            after,
            rejected=found.rejected,
            repaired=found.repaired,
            blank=found.blank,
        )

    def _endless(self, window: Window, cursor: Cursor) -> Batch:
        after, error = endless(window, cursor, self.format.encoding.codec, "record")
        return Batch(self._columns([]), [], after, [error])

    def _columns(self, rows: list[list[str]]) -> list[Any]:
        columns = zip(*rows, strict=True) if rows else [()] * self.format.layout.fields
        return self._fitted([pa.array(column, pa.string()) for column in columns])

    def _fitted(self, columns: list[Any]) -> list[Any]:
        """One column for each name: rows may all lack the last fields, or have a blank one more."""
        rows = len(columns[0])
        missing = len(self.names) - len(columns)
        return columns[: len(self.names)] + [pa.nulls(rows, pa.string())] * max(0, missing)


@contextmanager
def open_csv(
    path: Path, options: CsvOptions = _DETECT, *, block: int = BLOCK
) -> Iterator[CsvTable]:
    """Open a CSV file, packed or not, and find out how it is written. `NotRetryable` when it is
    empty, or not in the encoding that the user named."""
    _allow_long_fields()
    format = detect_format(path, options)
    names = list(options.columns or format.layout.names)
    with _opened(path, format, names, block) as table:
        yield table


@contextmanager
def reopen_csv(
    path: Path, opening: Mapping[str, Json], *, block: int = BLOCK
) -> Iterator[CsvTable]:
    """Open a CSV file that is written as `CsvTable.opening` says."""
    _allow_long_fields()
    with _opened(path, of_opening(opening["format"]), opening["names"], block) as table:
        yield table


def _allow_long_fields() -> None:
    """Process-wide; 128 KB, the default, is short for texts."""
    csv.field_size_limit(2 * LONGEST_RECORD)


@contextmanager
def _opened(path: Path, format: Format, names: list[str], block: int) -> Iterator[CsvTable]:
    with open_source(path) as source:
        if format.encoding.wide:
            source.transcode(format.encoding.name)
        yield CsvTable(source, format, names, block)


def _line_feeds(block: bytes) -> int:
    """How many there are; faster than counting bytes one by one."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))


class _CountedLines:
    """The lines of rows that were read without counting, counted when somebody asks."""

    def __init__(self, columns: list[Any], first_line: int) -> None:
        self._columns = columns
        self._first_line = first_line
        self._before: Any = None

    def __getitem__(self, row: int) -> int:
        if self._before is None:
            ends = sum(
                pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
                for column in self._columns
            )
            self._before = np.concatenate([[0], np.cumsum(ends + 1)])
        return self._first_line + int(self._before[row])
