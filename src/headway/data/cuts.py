"""Where a large file can be cut: places at which a record begins, as far as can be told from there.

In JSON Lines, plain text and Parquet that is certain. In CSV it is likely, since a newline may stand
in a cell that was opened long before: whoever reads up to such a place finds out, and must look.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from headway.data.csv_format import Format
from headway.data.csv_reading import CsvTable
from headway.data.csv_records import decoded_lines, read_records
from headway.data.parquet_reading import ParquetTable
from headway.data.tables import Cursor, Table

SURE_ROWS: Final = 10
"""Good rows in a row behind which the next one is believed to begin where it seems to."""
_LOOKED_AT: Final = (1 << 16, 1 << 20)
"""Bytes in which such a place is looked for; then there is none."""


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive records of a file."""

    start: Cursor
    """Its line is counted from the start of the span, but for the first span and for Parquet."""
    end: int | None
    """The offset at which the next span begins; None for the end of the file."""


def cut(path: Path, table: Table, pieces: int, *, sure: int = SURE_ROWS) -> list[Span]:
    """The spans of nearly equal size that a file is made of: at most so many, and fewer than two if
    it cannot be cut."""
    if table.opening is None:
        return []
    if isinstance(table, ParquetTable):
        return _row_groups(table.group_starts, pieces)
    find = _line_end
    if isinstance(table, CsvTable):
        format = table.format

        def find(block: bytes) -> int | None:
            return _behind_good_rows(block, format, sure)

    starts = [table.start]
    for offset in _cuts(path, table.start.offset, pieces, find):
        if offset > starts[-1].offset:
            starts.append(Cursor(offset))
    ends = [one.offset for one in starts[1:]]
    return [Span(start, end) for start, end in zip(starts, [*ends, None], strict=True)]


def _row_groups(bounds: list[int], pieces: int) -> list[Span]:
    """Whole row groups, cut where those end that pass the next share of the rows."""
    rows = bounds[-1]
    shares = (rows * number // pieces for number in range(1, pieces))
    ends = {next(one for one in bounds if one >= share) for share in shares} | {0, rows}
    return [Span(Cursor(start, start + 1), end) for start, end in pairwise(sorted(ends))]


def _cuts(
    path: Path, first: int, pieces: int, find: Callable[[bytes], int | None]
) -> Iterator[int]:
    """The places found near equal shares of the file; where none is found, the piece is longer."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for number in range(1, pieces):
            wanted = first + (size - first) * number // pieces
            for length in _LOOKED_AT:
                file.seek(wanted)
                found = find(file.read(length))
                if found is not None:
                    if wanted + found < size:
                        yield wanted + found
                    break


def _line_end(block: bytes) -> int | None:
    return block.find(b"\n") + 1 or None


def _behind_good_rows(block: bytes, format: Format, sure: int) -> int | None:
    """Behind how many bytes a record begins. From the middle of a quoted cell the reader is back
    among the rows where the cell ends; only lines in it that look like rows, many in a row, would
    take it in."""
    begin, end = block.find(b"\n") + 1, block.rfind(b"\n") + 1
    piece = block[begin:end]
    quote = (format.dialect.quote or "").encode()
    if not piece or (format.layout.fields == 1 and quote and quote in piece):
        return None  # any line of a cell looks like a row with one field
    encoded = piece.splitlines(keepends=True)
    lines, _ = decoded_lines(encoded, piece, format.encoding.codec)
    found = read_records(lines, 0, format.dialect, format.layout, whole=False)
    bad = {error.line for error in (*found.rejected, *found.repaired)}
    good = 0
    for line in sorted({*found.lines, *bad}):
        if good == sure and line not in bad:
            return begin + sum(map(len, encoded[:line]))
        good = 0 if line in bad else good + 1
    return None
