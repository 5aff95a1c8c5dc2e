"""Data sets: one immutable Parquet file each, every value a string, an empty cell a null.

Written row group by row group and read in chunks, so that memory does not grow with rows. The
same rows give the same bytes, so the file's SHA-256 names its content.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from headway.data.columns import Column, chosen_column, guess_label_column, guess_text_column
from headway.data.dataset_writing import CHUNK_ROWS, PartsWriter, WriterState
from headway.errors import CorruptArtifact
from headway.job import Json

ROW_GROUP: Final = CHUNK_ROWS
"""Rows of a chunk, the last one aside."""
_NO_META: Final[Mapping[str, Json]] = MappingProxyType({})


class DatasetWriter:
    """Writes rows to a Parquet file. Leave the `with` block, then ask for `meta()`.

    With a folder for its `parts` it can be saved: what was written then stays there when the block
    is left by an error, and a later writer goes on from the state.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str],
        *,
        parts: Path | None = None,
        state: WriterState | None = None,
    ) -> None:
        """`CorruptArtifact` when something of the state is not there whole."""
        self._path = path
        self._names = names
        self._keeps_parts = parts is not None
        self._parts = PartsWriter(parts or path.parent, names, state)
        self._waiting: list[Sequence[str | None]] = []
        self._meta: dict[str, Json] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._hand_on()
            self._meta = self._parts.assemble(self._path)
        elif self._keeps_parts:
            self._parts.close()
            return
        self._parts.discard()

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return self._parts.rows + len(self._waiting)

    def add(self, row: Sequence[str | None]) -> None:
        """Append a row with one value per column; an empty string becomes a null."""
        self._waiting.append(row)
        if len(self._waiting) == ROW_GROUP:
            self._hand_on()

    def save(self) -> WriterState:
        """See `PartsWriter.save`."""
        self._hand_on()
        return self._parts.save()

    def meta(self) -> dict[str, Json]:
        """Rows, columns with types, guessed text and label columns, labels, sample rows, SHA-256."""
        return self._meta

    def _hand_on(self) -> None:
        columns: Any = (
            zip(*self._waiting, strict=True) if self._waiting else [()] * len(self._names)
        )
        self._parts.add([pa.array(column, pa.string()) for column in columns])
        self._waiting = []


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of some columns."""

    start: int
    """The number of the first row, from 0."""
    columns: Mapping[str, Sequence[str | None]]
    """All of one length."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


class Dataset:
    """A data set opened for reading."""

    def __init__(self, path: Path, meta: Mapping[str, Json] = _NO_META) -> None:
        """`meta` is what its writer told of it. `CorruptArtifact` when the file is missing or no
        Parquet file."""
        self._meta = meta
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise CorruptArtifact(
                f"expected a data set in Parquet, got a file that is none ({path.name});"
                " import the data set again"
            ) from error

    @property
    def rows(self) -> int:
        """How many rows it has."""
        rows: int = self._file.metadata.num_rows
        return rows

    @property
    def names(self) -> list[str]:
        """Its columns, in order."""
        return list(self._file.schema_arrow.names)

    def column(self, wanted: str | None, guessed: str | None, purpose: str) -> str:
        """The column to use: the one wanted, else the guessed one. `NotRetryable` if it has none."""
        return chosen_column(self.names, wanted, guessed, purpose)

    def guessed_columns(self) -> tuple[str | None, str | None]:
        """The (text, label) columns as all rows suggested them to its writer; else as the first chunk
        does."""
        if "text_column" in self._meta:
            return self._meta["text_column"], self._meta.get("label_column")
        first = next(self.read(self.names), None)
        columns = [Column(name) for name in self.names]
        for column in columns if first is not None else []:
            column.add(first.columns[column.name] if first is not None else [])
        text = guess_text_column(columns)
        return text, guess_label_column(columns, text)

    def read(self, names: Sequence[str], start: int = 0) -> Iterator[Chunk]:
        """Yield the columns' values from row `start` on, in chunks of `ROW_GROUP` rows."""
        first = 0
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            if first + size > start:
                yield from self._read_group(names, group, first, start)
            first += size

    def _read_group(
        self, names: Sequence[str], group: int, first: int, start: int
    ) -> Iterator[Chunk]:
        pieces = self._file.iter_batches(ROW_GROUP, [group], list(names), use_threads=False)
        for piece in pieces:
            skip = min(max(0, start - first), piece.num_rows)
            if skip < piece.num_rows:
                yield Chunk(first + skip, _values(piece.slice(skip), names))
            first += piece.num_rows


def _values(table: Any, names: Sequence[str]) -> dict[str, list[str | None]]:
    return {name: table.column(name).cast(pa.string()).to_pylist() for name in names}
