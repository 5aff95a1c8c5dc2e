"""Writing data sets: rows come in any pieces, and go out as row groups of one size.

The same rows give the same bytes, however they came and however often the writing was interrupted:
what is on disk is finished parts, and what is not yet a part travels in `state`.
"""

import io
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.data.counted import Counted
from headway.data.parquet_parts import Part, assemble, finished_part
from headway.job import Json

CHUNK_ROWS: Final = 5_000
"""Rows are read in chunks of so many; a row group is a few whole chunks."""
GROUP_ROWS: Final = 50_000
GROUP_BYTES: Final = 8 << 20
"""A row group ends with the chunk in which its texts pass so many bytes, or with `GROUP_ROWS`."""
_SAMPLE_ROWS: Final = 5
_SAMPLE_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class WriterState:
    """Where a writer got to: its finished parts, and what is not in one yet."""

    parts: tuple[Part, ...]
    rest: bytes
    """The columns' counts and the rows that wait for their row group to be full."""


class PartsWriter:
    """Writes rows as parts in a folder; `assemble` makes the data set of them."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        state: WriterState | None = None,
        *,
        counted: Counted | None = None,
        threads: int = 1,
    ) -> None:
        """With a `state`, go on from it. `CorruptArtifact` when one of its parts is not there whole.

        With what was `counted` of the rows before, they are not counted again. With several
        `threads` as many row groups are written at a time, and it cannot be saved.
        """
        self.folder = folder
        self._counted = counted or Counted(names)
        self._counts = counted is None
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._parts: list[Part] = []
        self._waiting: list[Any] = []
        self._waiting_rows = 0
        self._measured = 0
        """Waiting rows whose bytes were counted: whole chunks of a row group that is not full."""
        self._bytes = 0
        self._sample: list[dict[str, Json]] = []
        self._open: tuple[Path, Any] | None = None
        self._open_rows = 0
        self._threads = ThreadPoolExecutor(threads, "parquet")
        self._at_a_time = threads
        self._writing: deque[Future[None]] = deque()
        if state is not None:
            self._restore(state)

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return sum(part.rows for part in self._parts) + self._open_rows + self._waiting_rows

    def add(self, columns: Sequence[Any]) -> None:
        """Take rows, as an Arrow array of text for each column; an empty text becomes a null."""
        rows = len(columns[0])
        if not rows:
            return
        arrays = [with_nulls(column) for column in columns]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting_rows += rows
        if self._waiting_rows - self._measured >= CHUNK_ROWS:
            self._write_groups()

    def _write_groups(self) -> None:
        """Write the row groups that are full; what is left waits."""
        table = pa.concat_tables(self._waiting).combine_chunks()
        start = 0
        while table.num_rows - start - self._measured >= CHUNK_ROWS:
            self._bytes += _bytes_of(table.slice(start + self._measured, CHUNK_ROWS))
            self._measured += CHUNK_ROWS
            if self._bytes >= GROUP_BYTES or self._measured >= GROUP_ROWS:
                self._write(table.slice(start, self._measured))
                start += self._measured
                self._measured = self._bytes = 0
        self._waiting, self._waiting_rows = [table.slice(start)], table.num_rows - start

    def save(self) -> WriterState:
        """Finish the open part and sync it: what `state` a later writer can go on from."""
        assert self._at_a_time == 1, "parts of several threads are not synced"
        self._close_part()
        waiting = pa.concat_tables(self._waiting or [self._schema.empty_table()]).combine_chunks()
        counted = {"columns": self._counted.state(), "sample": self._sample}
        out = io.BytesIO()
        schema = self._schema.with_metadata({"counted": json.dumps(counted)})
        with pa.ipc.new_stream(out, schema) as stream:
            stream.write_table(waiting.replace_schema_metadata(schema.metadata))
        return WriterState(tuple(self._parts), out.getvalue())

    def assemble(self, target: Path) -> dict[str, Json]:
        """Write the data set; its rows, columns with types, guessed text and label columns, labels,
        sample rows and SHA-256."""
        if self._waiting_rows or not self._parts:
            table = pa.concat_tables(self._waiting or [self._schema.empty_table()])
            self._waiting, self._waiting_rows = [], 0
            self._write(table)
        self._close_part()
        sha256 = assemble([self.folder / part.name for part in self._parts], target)
        return self._described(sha256)

    def close(self) -> None:
        """Leave no file open and no thread running; parts that were finished stay."""
        self._threads.shutdown()
        self._writing.clear()
        if self._open is not None:
            path, file = self._open
            file.close()
            path.unlink(missing_ok=True)
            self._open = None

    def discard(self) -> None:
        """Leave nothing behind: the data set, if it was assembled, has all of it."""
        self.close()
        for part in self._parts:
            (self.folder / part.name).unlink(missing_ok=True)

    def _described(self, sha256: str) -> dict[str, Json]:
        return {
            "rows": self.rows,
            **self._counted.described(),
            "sample_rows": self._sample,
            "sha256": sha256,
        }

    def _write(self, table: Any) -> None:
        """Write whole row groups (or the last one) to the open part."""
        table = table.combine_chunks()
        if len(self._sample) < _SAMPLE_ROWS:
            self._take_sample(table)
        # Arrow lets go of the interpreter's lock: the next rows are read meanwhile.
        if self._at_a_time > 1:
            self._write_apart(table)
        else:
            self._write_on(table)
        if self._counts:
            self._counted.add(table)

    def _write_on(self, table: Any) -> None:
        if self._open is None:
            path = self._new_part()
            self._open = path, self._part_file(path)
        self._settle(1)
        self._writing.append(self._threads.submit(self._open[1].write_table, table, GROUP_ROWS))
        self._open_rows += table.num_rows

    def _write_apart(self, table: Any) -> None:
        """As a part of its own, while others are being written."""
        path = self._new_part()
        self._settle(self._at_a_time)
        self._writing.append(self._threads.submit(self._write_part, path, table))
        self._parts.append(Part(path.name, checksum=0, size=0, rows=table.num_rows))

    def _write_part(self, path: Path, table: Any) -> None:
        with self._part_file(path) as file:
            file.write_table(table, GROUP_ROWS)

    def _new_part(self) -> Path:
        return self.folder / f"part-{self.rows:012d}-{uuid4().hex}.parquet"

    def _part_file(self, path: Path) -> Any:
        return pq.ParquetWriter(path, self._schema, compression="zstd")

    def _settle(self, fewer_than: int) -> None:
        """Wait until so few tables are being written, so that memory stays flat."""
        while len(self._writing) >= fewer_than:
            self._writing.popleft().result()

    def _close_part(self) -> None:
        self._settle(1)
        if self._open is not None:
            path, file = self._open
            file.close()
            self._parts.append(finished_part(path, self._open_rows))
            self._open, self._open_rows = None, 0

    def _take_sample(self, table: Any) -> None:
        for row in table.slice(0, _SAMPLE_ROWS - len(self._sample)).to_pylist():
            self._sample.append({k: (v or "")[:_SAMPLE_CHARACTERS] for k, v in row.items()})

    def _restore(self, state: WriterState) -> None:
        for part in state.parts:
            part.check(self.folder)
        self._parts = list(state.parts)
        table = pa.ipc.open_stream(state.rest).read_all()
        counted = json.loads(table.schema.metadata[b"counted"])
        self._counted.restore(counted["columns"])
        self._sample = counted["sample"]
        self._waiting = [table.replace_schema_metadata(None)]
        self._waiting_rows = table.num_rows
        self._write_groups()


def _bytes_of(table: Any) -> int:
    """How many bytes the texts have, however they lie in memory."""
    return sum(pc.sum(pc.binary_length(column)).as_py() or 0 for column in table.columns)


def with_nulls(column: Any) -> Any:
    """The column with nulls for its empty texts."""
    empty = pc.equal(pc.binary_length(column), 0)
    if not pc.any(empty).as_py():
        return column
    return pc.if_else(pc.fill_null(empty, True), pa.scalar(None, pa.string()), column)
