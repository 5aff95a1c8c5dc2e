"""The last pass of a preprocessing: rows out of the pipeline into data sets. It can be interrupted,
and goes on at the chunk after its last checkpoint."""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np

from headway.context import Context
from headway.data.dataset_writing import WriterState
from headway.data.datasets import DatasetWriter
from headway.data.parquet_parts import Part
from headway.errors import CorruptArtifact
from headway.job import Json
from headway.operations.parts_folder import PartsFolder
from headway.operations.pipeline import Pipeline, Rows, StepReport
from headway.operations.table import Table

CHECKPOINT_ROWS: Final = 100_000
"""A pass that was stopped reads at most about so many rows again, ..."""
CHECKPOINT_CHARACTERS: Final = 64 << 20
"""... and texts of about so many characters."""

ReadRows = Callable[[int, Callable[[int, int], None]], Rows]
"""The rows from a number on; after each chunk it says which row is next, and how many characters
the chunk's texts had."""


class WritingPass:
    """Gives each part of the rows to a writer of its own."""

    def __init__(
        self,
        ctx: Context,
        pipeline: Pipeline,
        table: Table,
        targets: Sequence[Path],
        folder: PartsFolder,
    ) -> None:
        self._ctx = ctx
        self._pipeline = pipeline
        self._table = table
        self._targets = targets
        self._folder = folder
        self._start = 0
        self._characters = 0
        self._saved_at = 0
        self.reports = pipeline.reports()
        self.writers = self._resumed() or self._opened([None] * len(targets))

    def run(self, read: ReadRows, places: Mapping[int, int], decided: Mapping[str, bytes]) -> None:
        """Write all rows. `places` says which part goes to which target; `decided` is saved along."""

        def save(row: int, characters: int) -> None:
            self._characters += characters
            if row - self._saved_at >= CHECKPOINT_ROWS or self._characters >= CHECKPOINT_CHARACTERS:
                self._save(row, decided)

        with ExitStack() as stack:
            writers = [stack.enter_context(writer) for writer in self.writers]
            for row in self._pipeline.rows(read(self._start, save), self.reports):
                writers[places[row.part]].add(self._table.values(row))

    def _save(self, row: int, decided: Mapping[str, bytes]) -> None:
        saved = [writer.save() for writer in self.writers]
        state: dict[str, Json] = {
            "row": row,
            "reports": [report.as_json() for report in self.reports],
            "folder": self._folder.name,
            "parts": [[part.as_json() for part in one.parts] for one in saved],
        }
        rests = {_rest(number): one.rest for number, one in enumerate(saved)}
        self._ctx.checkpoint(state, packed({**decided, **rests}))
        self._saved_at, self._characters = row, 0

    def _resumed(self) -> list[DatasetWriter] | None:
        """The writers of the attempt before, unless what they wrote is gone."""
        resumed = self._ctx.resumed
        if resumed is None or "row" not in resumed.state:
            return None
        saved = resumed.state
        pieces = unpacked(resumed.blob() or b"")
        states = [
            WriterState(tuple(Part(**one) for one in parts), pieces[_rest(number)])
            for number, parts in enumerate(saved["parts"])
        ]
        try:
            for state in states:
                self._folder.take_over(saved["folder"], state.parts)
            writers = self._opened(states)
        except CorruptArtifact as error:
            self._ctx.log(f"writing again from the first row: {error}", level="warning")
            return None
        self._start = self._saved_at = saved["row"]
        self.reports = [StepReport(**one) for one in saved["reports"]]
        return writers

    def _opened(self, states: Sequence[WriterState | None]) -> list[DatasetWriter]:
        return [
            DatasetWriter(target, self._table.names, parts=self._folder.path, state=state)
            for target, state in zip(self._targets, states, strict=True)
        ]


def _rest(number: int) -> str:
    return f"rest{number}"


def packed(pieces: Mapping[str, bytes]) -> bytes:
    """Some bytes under names as one piece; see `unpacked`."""
    buffer = io.BytesIO()
    arrays = {name: np.frombuffer(piece, np.uint8) for name, piece in pieces.items()}
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """What `packed` was given; nothing of nothing."""
    if not content:
        return {}
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        return {name: saved[name].tobytes() for name in saved.files}
