"""JSON Lines batch by batch: each line an object, its fields the columns, its values as text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa

from headway.data.csv_records import RowError, shown
from headway.data.line_batches import BLOCK, line_batches
from headway.data.source import Source, open_source
from headway.data.tables import Batch, Cursor
from headway.errors import NotRetryable
from headway.job import Json

_SAMPLE: Final = 4 << 20
_BOM: Final = b"\xef\xbb\xbf"


def looks_like_json_lines(path: Path) -> bool:
    """True when the first line that is not blank is a JSON object."""
    with open_source(path) as source:
        head = source.read(1 << 16).removeprefix(_BOM).lstrip()
    if not head.startswith(b"{"):
        return False
    first, end, _ = head.partition(b"\n")
    return isinstance(_parsed(first), dict) or not end


class JsonLinesTable:
    """An open file of JSON Lines. Fields that are no column make a record a broken one, unless
    they are to be left out."""

    def __init__(
        self, source: Source, names: list[str], start: Cursor, block: int, *, leave_out: bool
    ) -> None:
        self.names = names
        self._source = source
        self._start = start
        self._block = block
        self._leave_out = leave_out
        self._known = set(names)

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in its own (maybe packed) bytes."""
        return self._source.bytes_read

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""
        return {"format": "jsonl", "packing": self._source.packing, "encoding": "utf-8"}

    def batches(self, start: Cursor | None = None) -> Iterator[Batch]:
        """Yield all records from the place on; once."""
        yield from line_batches(self._source, start or self._start, self._block, self._batch)

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
    names = list(columns or _fields(head.removeprefix(_BOM).splitlines()))
    if not names:
        raise NotRetryable(
            "expected a JSON object with fields on each line, got none; choose another file"
        )
    start = Cursor(len(_BOM) if head.startswith(_BOM) else 0, 1)
    with open_source(path) as source:
        yield JsonLinesTable(source, names, start, block, leave_out=leave_out)


def _fields(lines: Sequence[bytes]) -> list[str]:
    """The fields of the objects in the lines, in the order they are first seen."""
    found: dict[str, None] = {}
    for line in lines:
        record = _parsed(line)
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
    return list(found)


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _as_text(value: Any) -> str | None:
    """A value as a cell: text as it is, all else as JSON; null and empty text are empty."""
    if value is None or isinstance(value, str):
        return value or None
    return orjson.dumps(value).decode()
