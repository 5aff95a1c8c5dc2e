"""What every importable file becomes: batches of columns of text, and the records that are no rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from headway.data.csv_records import RowError
from headway.errors import NotRetryable
from headway.job import Json

MOST_COLUMNS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two records of a file."""

    offset: int = 0
    """Bytes before it, unpacked; or rows, in Parquet."""
    line: int = 1
    """The line that begins there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records: rows as columns of text, an empty cell the empty text or null, and the others."""

    columns: list[Any]
    """Arrow arrays of one length."""
    lines: "Lines"
    after: Cursor
    rejected: list[RowError] = field(default_factory=list)
    repaired: list[RowError] = field(default_factory=list)
    """What was wrong with rows that are among the columns nevertheless."""
    blank: int = 0

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.columns[0]) if self.columns else 0

    @property
    def seen(self) -> int:
        """All records: each is a row, rejected or blank."""
        return self.rows + len(self.rejected) + self.blank


class Lines(Protocol):
    """On which line a row of a batch begins."""

    def __getitem__(self, row: int) -> int:
        """The line of this row."""


class Table(Protocol):
    """An open file of rows."""

    @property
    def names(self) -> list[str]:
        """Its columns, in order."""

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in its own (maybe packed) bytes."""

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""

    @property
    def strained(self) -> bool:
        """True when a record was so long that whether it is one depends on where reading began."""

    @property
    def start(self) -> Cursor:
        """Where its first record begins."""

    @property
    def opening(self) -> dict[str, Json] | None:
        """What `importing.reopen_table` must be told, so as to find nothing out again and to begin
        anywhere; None for a file that can only be read from its start."""

    def batches(self, start: Cursor | None = None, end: int | None = None) -> Iterator[Batch]:
        """Yield all records from the place on, or those that are over by the offset `end`; once."""


def too_wide(columns: int, what_to_do: str) -> NotRetryable:
    """What is said of a file with more than `MOST_COLUMNS`."""
    return NotRetryable(f"expected at most {MOST_COLUMNS} columns, got: {columns}; {what_to_do}")
