"""Files that are read through a window: what their readers have in common."""

from typing import Final

from headway.data.csv_records import SHOWN, RowError, shown
from headway.data.source import Source
from headway.data.tables import Cursor
from headway.data.windows import LONGEST_RECORD, Window

BLOCK: Final = 2 << 20


class WindowedTable:
    """An open file, read through a window from whichever place. See `Table`."""

    def __init__(self, source: Source, start: Cursor, block: int) -> None:
        self.start = start
        self._source = source
        self._block = block
        self._window: Window | None = None

    @property
    def bytes_read(self) -> int:
        """See `Table.bytes_read`: how far the file has been read, in its own (maybe packed) bytes."""
        return self._source.bytes_read

    @property
    def strained(self) -> bool:
        """See `Table.strained`."""
        return self._window is not None and self._window.strained

    def _begin(self, start: Cursor | None, end: int | None) -> tuple[Cursor, Window]:
        """The place where reading begins, and the window from there on."""
        cursor = start or self.start
        self._window = Window.between(self._source, cursor.offset, end, self._block)
        return cursor, self._window


def endless(window: Window, cursor: Cursor, codec: str, what: str) -> tuple[Cursor, RowError]:
    """A line that is longer than any record may be is one error, and is not kept: the place after
    it, and the error."""
    start = shown(window.held[:SHOWN].decode(codec, "replace"))
    after = Cursor(cursor.offset + window.drop_line(), cursor.line + 1)
    return after, RowError(cursor.line, too_long(what), start)


def too_long(what: str) -> str:
    """What is said of a record that does not end."""
    return f"expected a {what} of at most {LONGEST_RECORD:,} bytes, got no end of it"
