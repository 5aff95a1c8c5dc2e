"""Parquet files batch by batch: the values of their columns as text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.data.csv_records import RowError
from headway.data.layouts import column_names
from headway.data.source import MOST_UNPACKED, blaming_file
from headway.data.tables import MOST_COLUMNS, Batch, Cursor, too_wide
from headway.errors import NotRetryable
from headway.job import Json

_MARK: Final = b"PAR1"
_BATCH: Final = 5_000
_KIND: Final = "Parquet"


def looks_like_parquet(path: Path) -> bool:
    """True when the file begins as Parquet does."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


class ParquetTable:
    """An open Parquet file. Its rows have no lines; they are numbered from 1."""

    def __init__(self, file: Any, names: list[str], size: int) -> None:
        self.names = names
        self._file = file
        self._size = size
        self._done = 0

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, as a share of its bytes."""
        return int(self._size * self._done / max(1, self._file.metadata.num_rows))

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""
        types = {one.name: str(one.type) for one in self._file.schema_arrow}
        return {"format": "parquet", "packing": None, "types": types}

    @property
    def start(self) -> Cursor:
        """See `Table.start`."""
        return Cursor()

    @property
    def opening(self) -> dict[str, Json]:
        """See `Table.opening`."""
        return {"kind": "parquet", "names": self.names}

    @property
    def strained(self) -> bool:
        """Never: its rows have no ends to look for."""
        return False

    @property
    def group_starts(self) -> list[int]:
        """The numbers of the first rows of its row groups, and behind them how many rows there are."""
        meta = self._file.metadata
        sizes = (meta.row_group(one).num_rows for one in range(meta.num_row_groups))
        return list(accumulate(sizes, initial=0))

    def batches(self, start: Cursor | None = None, end: int | None = None) -> Iterator[Batch]:
        """See `Table.batches`; an `end` is where a row group begins. Rows without a value are blank."""
        first = start.offset if start else 0
        for group, (begins, ends) in enumerate(pairwise(self.group_starts)):
            if end is not None and begins >= end:
                return
            if ends > first:
                yield from self._group(group, begins, first)

    def _group(self, group: int, start: int, first: int) -> Iterator[Batch]:
        for piece in self._pieces(group):
            skip = min(max(0, first - start), piece.num_rows)
            table = piece.slice(skip)
            start += piece.num_rows
            self._done = start
            if table.num_rows:
                yield self._batch(table, start - table.num_rows)

    def _pieces(self, group: int) -> Iterator[Any]:
        with blaming_file(_KIND):
            pieces = self._file.iter_batches(_BATCH, [group], use_threads=False)
        while True:
            with blaming_file(_KIND):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def _batch(self, table: Any, start: int) -> Batch:
        columns = [_as_text(column) for column in table.columns]
        kept, lines, rejected, blank = _sorted_out(columns, start)
        after = Cursor(start + table.num_rows, start + table.num_rows + 1)
        return Batch(kept, lines, after, rejected, blank=blank)


@contextmanager
def open_parquet(path: Path, columns: Sequence[str] | None = None) -> Iterator[ParquetTable]:
    """Open a Parquet file. `NotRetryable` when it is broken, or unpacks to more than anybody wants."""
    with blaming_file(_KIND):
        file = pq.ParquetFile(path)
    with file:
        with blaming_file(_KIND):
            _check(file, columns)
            names = list(columns or column_names(file.schema_arrow.names))
        yield ParquetTable(file, names, path.stat().st_size)


def _check(file: Any, columns: Sequence[str] | None) -> None:
    meta = file.metadata
    unpacked = sum(meta.row_group(one).total_byte_size for one in range(meta.num_row_groups))
    if unpacked > MOST_UNPACKED:
        raise NotRetryable(
            f"expected a Parquet file that unpacks to at most {MOST_UNPACKED >> 30} GiB, got more"
        )
    names = file.schema_arrow.names
    if not names or not meta.num_rows:
        raise NotRetryable("expected a Parquet file with rows, got none; choose another file")
    if len(names) > MOST_COLUMNS:
        raise too_wide(len(names), "write many of them as one, such as a struct")
    if columns is not None and len(columns) != len(names):
        raise NotRetryable(f"expected a name for each of {len(names)} columns, got: {len(columns)}")


def _as_text(column: Any) -> Any:
    """The column as text; what Arrow cannot cast is written as JSON."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not pa.types.is_nested(column.type):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:  # bytes that are no text
            pass
    return pa.array([_json(value) for value in column.to_pylist()], pa.string())


def _json(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _sorted_out(columns: list[Any], start: int) -> tuple[list[Any], Any, list[RowError], int]:
    """The rows that are some, on which line each stands, those with a NUL, and how many are blank."""
    count = len(columns[0])
    damaged = _any(pc.match_substring(column, "\0") for column in columns)
    filled = _any(pc.greater(pc.binary_length(column), 0) for column in columns)
    if not pc.any(damaged).as_py() and pc.all(filled).as_py():
        return columns, range(start + 1, start + count + 1), [], 0
    good = pc.and_(filled, pc.invert(damaged))
    lines = [start + 1 + row for row in pc.indices_nonzero(good).to_pylist()]
    rejected = [
        RowError(start + 1 + row, "expected text, got a NUL character", "")
        for row in pc.indices_nonzero(damaged).to_pylist()
    ]
    return (
        [column.filter(good) for column in columns],
        lines,
        rejected,
        count - len(lines) - len(rejected),
    )


def _any(masks: Iterator[Any]) -> Any:
    found = None
    for mask in masks:
        present = pc.fill_null(mask, False)
        found = present if found is None else pc.or_(found, present)
    return found
