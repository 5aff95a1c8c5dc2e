"""Pieces of a data set in the making: rows read and counted, to be put together by somebody else.

Arrow's own format, lightly packed: the row groups of the whole cannot be known from a piece alone,
so that whoever puts them together writes the Parquet.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

import orjson
import pyarrow as pa

from headway.data.counted import Counted
from headway.data.dataset_writing import WriterState, with_nulls
from headway.data.parquet_parts import Part, finished_part
from headway.job import Json

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
ROWS: Final = ".arrow"
REJECTED: Final = ".jsonl"


class PieceWriter:
    """Writes rows, and records that are none, to files in a folder; `save` tells which.

    The same interface as `PartsWriter` up to there: what is on disk is finished, and a later writer
    goes on from the state.
    """

    def __init__(
        self, folder: Path, names: Sequence[str], state: WriterState | None = None
    ) -> None:
        """With a `state`, go on from it. `CorruptArtifact` when one of its parts is not there whole."""
        self.folder = folder
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._counted = Counted(names)
        self._parts: list[Part] = []
        self._rows: tuple[Path, Any] | None = None
        self._taken = 0
        self._rejected: tuple[Path, IO[bytes]] | None = None
        if state is not None:
            self._restore(state)

    def add(self, columns: Sequence[Any]) -> None:
        """Take rows, as an Arrow array of text for each column; an empty text becomes a null."""
        if not len(columns[0]):
            return
        arrays = [with_nulls(column) for column in columns]
        table = pa.Table.from_arrays(arrays, schema=self._schema)
        if self._rows is None:
            path = self._new(ROWS)
            self._rows = path, pa.ipc.new_file(path, self._schema, options=_OPTIONS)
        self._rows[1].write_table(table)
        self._taken += table.num_rows
        self._counted.add(table)

    def reject(self, items: Sequence[Mapping[str, Json]]) -> None:
        """Take note of records that are no rows."""
        if not items:
            return
        if self._rejected is None:
            path = self._new(REJECTED)
            self._rejected = path, path.open("wb")
        self._rejected[1].writelines(
            orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in items
        )

    def save(self) -> WriterState:
        """Finish the open files and sync them: what `state` a later writer can go on from."""
        if self._rows is not None:
            path, rows = self._rows
            rows.close()
            self._parts.append(finished_part(path, self._taken))
            self._rows, self._taken = None, 0
        if self._rejected is not None:
            path, rejected = self._rejected
            rejected.close()
            self._parts.append(finished_part(path, 0))
            self._rejected = None
        return WriterState(tuple(self._parts), orjson.dumps(self._counted.state()))

    def close(self) -> None:
        """Leave no file open; what was finished stays."""
        for one in (self._rows, self._rejected):
            if one is not None:
                one[1].close()
                one[0].unlink(missing_ok=True)
        self._rows = self._rejected = None

    def _new(self, suffix: str) -> Path:
        return self.folder / f"piece-{uuid4().hex}{suffix}"

    def _restore(self, state: WriterState) -> None:
        for part in state.parts:
            part.check(self.folder)
        self._parts = list(state.parts)
        self._counted.restore(orjson.loads(state.rest))


def rows_of(path: Path) -> Iterator[list[Any]]:
    """The rows that a `PieceWriter` has written, as columns, batch by batch."""
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number).columns


def rejected_of(path: Path) -> Iterator[dict[str, Json]]:
    """The records that a `PieceWriter` was told to be no rows."""
    with path.open("rb") as file:
        yield from map(orjson.loads, file)
