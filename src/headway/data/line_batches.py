"""Files of which every line is a record by itself, batch by batch."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

from headway.data.tables import Batch, Cursor
from headway.data.windowed import WindowedTable, endless
from headway.data.windows import LONGEST_RECORD, Window


class LinesTable(WindowedTable, ABC):
    """An open file of lines. See `Table`."""

    def batches(self, start: Cursor | None = None, end: int | None = None) -> Iterator[Batch]:
        """See `Table.batches`. Memory does not grow with the file."""
        cursor, window = self._begin(start, end)
        while window.grow():
            batch = self._next(window, cursor)
            if batch is not None:
                cursor = batch.after
                yield batch

    def _next(self, window: Window, cursor: Cursor) -> Batch | None:
        lines = window.whole_lines()
        if lines:
            window.take(len(lines))
            return self._batch(lines, cursor)
        if len(window.held) < LONGEST_RECORD:
            return None
        after, error = endless(window, cursor, "utf-8", "line")
        return replace(self._batch(b"", cursor), after=after, rejected=[error])

    @abstractmethod
    def _batch(self, block: bytes, cursor: Cursor) -> Batch:
        """The records in some whole lines, which begin at the place."""
