"""Lines into records. A damaged record costs its first line, and never those that it would swallow."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headway.data.csv_repair import repaired
from headway.data.dialects import Dialect
from headway.data.layouts import Layout
from headway.job import Json

SHOWN: Final = 200
_UNENDED: Final = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class RowError:
    """A record that is no row of the table."""

    line: int
    """The line it begins on, from 1."""
    reason: str
    text: str
    """Its first 200 characters."""

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        return {"line": self.line, "reason": self.reason, "text": self.text}


@dataclass(slots=True)
class Records:
    """What a piece of a file holds."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """On which line each row begins."""
    rejected: list[RowError] = field(default_factory=list)
    repaired: list[RowError] = field(default_factory=list)
    """What was wrong with rows that could be read nevertheless."""
    blank: int = 0
    used: int = 0
    """How many of the piece's lines are in these; an open record at its end is not."""

    @property
    def seen(self) -> int:
        """All records."""
        return len(self.rows) + len(self.rejected) + self.blank

    def reject(self, line: int, reason: str, text: str) -> None:
        """Take note of a record that is no row."""
        self.rejected.append(RowError(line, reason, shown(text.rstrip("\r\n"))))

    def reject_undecoded(self, codec: str, delimiter: str) -> None:
        """Reject the rows that hold bytes which are no text."""
        good = [_is_text(row) for row in self.rows]
        for row, line, fine in zip(self.rows, self.lines, good, strict=True):
            if not fine:
                reason = f"expected text in {codec}, got other bytes"
                self.reject(line, reason, delimiter.join(row))
        self.rows = [row for row, fine in zip(self.rows, good, strict=True) if fine]
        self.lines = [line for line, fine in zip(self.lines, good, strict=True) if fine]
        self.rejected.sort(key=lambda error: error.line)


def read_records(
    lines: list[str], first_line: int, dialect: Dialect, layout: Layout, *, whole: bool
) -> Records:
    """Read the records in the lines. Unless they are `whole`, one that is open at the end waits."""
    found = Records()
    while found.used < len(lines):
        if not _read_until_damage(lines, first_line, dialect, layout, found, whole):
            break
    return found


def _read_until_damage(
    lines: list[str],
    first_line: int,
    dialect: Dialect,
    layout: Layout,
    found: Records,
    whole: bool,
) -> bool:
    """Take records up to the first that is damaged, and that one's first line; False when one is
    left open."""
    base = found.used
    rest: Any = iter(lines)
    rest.__setstate__(base)  # begins there without a copy, however many lines are damaged
    reader = dialect.reader(rest)
    rows, starts, fields = found.rows, found.lines, layout.fields
    extra = len(layout.names) if fields > len(layout.names) else None
    try:
        for row in reader:
            line = first_line + found.used
            found.used = base + reader.line_num
            text = "".join(row)
            if not text:
                found.blank += 1
            elif len(row) != fields:
                found.reject(line, f"expected {fields} fields, got {len(row)}", _text(row, dialect))
            elif "\0" in text:
                found.reject(line, "expected text, got a NUL character", _text(row, dialect))
            elif extra is not None and "".join(row[extra:]).strip():
                found.reject(line, f"expected {extra} fields, got {len(row)}", _text(row, dialect))
            else:
                rows.append(row)
                starts.append(line)
    except csv.Error as error:
        is_open = base + reader.line_num >= len(lines) and _UNENDED in str(error)
        if is_open and not whole:
            return False
        reason = (
            "expected a quote to end the field, got the end of the file"
            if is_open
            else f"expected a field that can be read, got a damaged one ({error})"
        )
        within = not is_open and base + reader.line_num == found.used + 1
        _mend(lines, first_line, dialect, fields, found, reason, within)
    return True


def _mend(
    lines: Sequence[str],
    first_line: int,
    dialect: Dialect,
    fields: int,
    found: Records,
    reason: str,
    within: bool,
) -> None:
    """Take one line as the row it must have been, or as an error. Where the damage reaches beyond
    the line, the next one must be a row by itself."""
    line, text = first_line + found.used, lines[found.used]
    row = repaired(text, dialect, fields)
    sound = within or _is_row(lines[found.used + 1 : found.used + 2], dialect, fields)
    found.used += 1
    if row is None or "\0" in text or not sound:
        found.reject(line, reason, text)
        return
    found.rows.append(row)
    found.lines.append(line)
    found.repaired.append(RowError(line, reason, shown(text.rstrip("\r\n"))))


def _is_row(lines: Sequence[str], dialect: Dialect, fields: int) -> bool:
    try:
        return [len(row) for row in dialect.reader(lines)] == [fields]
    except csv.Error:
        return False


def decoded_lines(encoded: Sequence[bytes], block: bytes, codec: str) -> tuple[list[str], bool]:
    """The lines as text, and whether some of their bytes are none: those become lone surrogates."""
    try:
        return list(io.StringIO(block.decode(codec), newline="")), False
    except UnicodeDecodeError:
        return [_decoded(line, codec) for line in encoded], True


def _decoded(line: bytes, codec: str) -> str:
    text = line.decode(codec, "surrogateescape")
    return text if text.endswith(("\n", "\r")) or not line.endswith((b"\n", b"\r")) else text + "\n"


def _is_text(row: Sequence[str]) -> bool:
    return not any("\ud800" <= character <= "\udfff" for cell in row for character in cell)


def shown(text: str) -> str:
    """The first characters of a damaged record, fit to be shown."""
    visible = text[:SHOWN].replace("\0", "\N{SYMBOL FOR NULL}")
    return visible.encode(errors="replace").decode()


def _text(row: Sequence[str], dialect: Dialect) -> str:
    return dialect.delimiter.join(value[:SHOWN] for value in row[:40])
