"""Files of which every line is a record by itself, batch by batch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from headway.data.csv_records import SHOWN, RowError, shown
from headway.data.source import Source
from headway.data.tables import Batch, Cursor
from headway.data.windows import LONGEST_RECORD, Window

BLOCK: Final = 2 << 20
_TOO_LONG: Final = f"expected a line of at most {LONGEST_RECORD:,} bytes, got no end of it"


def line_batches(
    source: Source, start: Cursor, block: int, read: Callable[[bytes, Cursor], Batch]
) -> Iterator[Batch]:
    """Yield what `read` makes of the whole lines from the place on. Memory does not grow with the
    file: a line that is longer than any record may be is one error, and is not kept."""
    cursor = start
    source.skip(cursor.offset - source.position)
    window = Window(source, block)
    while window.grow():
        lines = window.whole_lines()
        if lines:
            batch = read(lines, cursor)
            window.take(len(lines))
        elif len(window.held) >= LONGEST_RECORD:
            error = RowError(
                cursor.line, _TOO_LONG, shown(window.held[:SHOWN].decode("utf-8", "replace"))
            )
            after = Cursor(cursor.offset + window.drop_line(), cursor.line + 1)
            batch = replace(read(b"", cursor), after=after, rejected=[error])
        else:
            continue
        cursor = batch.after
        yield batch
