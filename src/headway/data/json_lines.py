"""JSON Lines batch by batch: each line an object, its fields the columns, its values as text."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa

from headway.data.csv_records import RowError, shown
from headway.data.line_batches import LinesTable
from headway.data.source import Source, open_source
from headway.data.tables import MOST_COLUMNS, Batch, Cursor, too_wide
from headway.data.windowed import BLOCK
from headway.errors import NotRetryable
from headway.job import Json

_SAMPLE: Final = 4 << 20
_BOM: Final = b"\xef\xbb\xbf"
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")

_SPARSEST: Final = 64
"""Cells for each value, in the table that the first lines become."""
_FEW_CELLS: Final = 1_000_000
"""A table of no more may be as sparse as it likes."""


def looks_like_json_lines(path: Path) -> bool:
    """True when the first line that is not blank is a JSON object. `NotRetryable` when the file is
    an array of objects, which is neither JSON Lines nor anything else that can be read."""
    with open_source(path) as source:
        head = source.read(1 << 16).removeprefix(_BOM).lstrip()
    _check_no_array(head)
    if not head.startswith(b"{"):
        return False
    first, end, _ = head.partition(b"\n")
    return isinstance(_parsed(first), dict) or not end


class JsonLinesTable(LinesTable):
    """An open file of JSON Lines. Fields that are no column make a record a broken one, unless
    they are to be left out."""

    def __init__(
        self, source: Source, names: list[str], start: Cursor, block: int, *, leave_out: bool
    ) -> None:
        super().__init__(source, start, block)
        self.names = names
        self._leave_out = leave_out
        self._known = set(names)

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""
        return {"format": "jsonl", "packing": self._source.packing, "encoding": "utf-8"}

    @property
    def opening(self) -> dict[str, Json] | None:
        """See `Table.opening`."""
        if self._source.packing is not None:
            return None
        return {"kind": "jsonl", "names": self.names}

    def _batch(self, block: bytes, cursor: Cursor) -> Batch:
        rows: list[dict[str, Any]] = []
        lines: list[int] = []
        rejected: list[RowError] = []
        blank = 0
        encoded = block.splitlines()
        for line, text in enumerate(encoded, start=cursor.line):
            if not text.strip():
                blank += 1
                continue
            record = _parsed(text)
            reason = self._problem(record)
            if reason is None:
                rows.append(record)
                lines.append(line)
            else:
                rejected.append(RowError(line, reason, shown(text[:800].decode(errors="replace"))))
        after = Cursor(cursor.offset + len(block), cursor.line + len(encoded))
        return Batch(self._columns(rows), lines, after, rejected, blank=blank)

    def _problem(self, record: Any) -> str | None:
        if not isinstance(record, dict):
            return "expected a JSON object, got something else"
        if not self._leave_out and not self._known.issuperset(record):
            unknown = next(name for name in record if name not in self._known)
            return f"expected no fields but those of the first lines, got: {unknown[:80]!r}"
        if any("\0" in value for value in record.values() if isinstance(value, str)):
            return "expected text, got a NUL character"
        return None if any(map(_as_text, record.values())) else "expected a value, got none"

    def _columns(self, rows: list[dict[str, Any]]) -> list[Any]:
        return [
            pa.array([_as_text(row.get(name)) for row in rows], pa.string()) for name in self.names
        ]


@contextmanager
def open_json_lines(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    block: int = BLOCK,
    leave_out: bool = False,
) -> Iterator[JsonLinesTable]:
    """Open a file of JSON Lines, packed or not; its columns are the fields of its first lines."""
    with open_source(path) as source:
        head = source.read(_SAMPLE)
    _check_no_array(head.removeprefix(_BOM).lstrip())
    names = _names(head.removeprefix(_BOM), columns)
    start = Cursor(len(_BOM) if head.startswith(_BOM) else 0, 1)
    with open_source(path) as source:
        yield JsonLinesTable(source, names, start, block, leave_out=leave_out)


def _check_no_array(head: bytes) -> None:
    if head.startswith(b"[") and head[1:].lstrip().startswith(b"{"):
        raise NotRetryable(
            "expected JSON Lines, got a JSON array; write each of its objects on a line of its own,"
            " without brackets around them and commas between"
        )


def _names(head: bytes, columns: Sequence[str] | None) -> list[str]:
    """The columns that were named, or the fields of the objects in the first lines as first seen."""
    if columns:
        return list(columns)
    found: dict[str, None] = {}
    rows = values = 0
    for line in head.splitlines():
        record = _parsed(line)
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
            rows, values = rows + 1, values + len(record)
    _check_fields(len(found), rows, values)
    return list(found)


def _check_fields(fields: int, rows: int, values: int) -> None:
    """`NotRetryable` for lines that are no rows of one table: it would be many times their size."""
    if not fields:
        raise NotRetryable(
            "expected a JSON object with fields on each line, got none; choose another file"
        )
    if fields > MOST_COLUMNS:
        raise too_wide(fields, "write many of them as one, such as an object")
    if fields * rows > max(_FEW_CELLS, _SPARSEST * values):
        raise NotRetryable(
            f"expected lines with fields in common, got {fields:,} different fields in {rows:,}"
            f" lines, of which each has {values / rows:,.0f} or so; write a field's name and its"
            " value as the values of two fields"
        )


def _parsed(line: bytes) -> Any:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not _LONG_NUMBER.search(line):
        return value
    # orjson makes a float of an integer that has more than 64 bits: other digits than were sent.
    try:
        return json.loads(line)
    except ValueError:  # more digits than Python makes a number of
        return None


def _as_text(value: Any) -> str | None:
    """A value as a cell: text as it is, all else as JSON; null and empty text are empty."""
    if value is None or isinstance(value, str):
        return value or None
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
