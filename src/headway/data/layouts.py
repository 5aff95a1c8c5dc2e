"""Where a table begins in its file: what stands above it, which rows name the columns, and how."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headway.data.dialects import LONGEST_VALUE, Sampled

_NUMBER: Final = re.compile(r"\s*[+-]?[$€£]?\s?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?\s?%?\s*")
_DATE: Final = re.compile(
    r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.]+)?\s*|\s*\d{1,2}:\d{2}.*"
)
LONGEST_NAME: Final = 200
_ABOVE: Final = 50
"""Records above a header, at most."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns' names, and where the rows begin."""

    names: tuple[str, ...]
    fields: int
    """How many fields a row has: fewer than names if all rows lack the last, more if what is behind
    the last name is blank in all."""
    has_header: bool
    header_records: int
    preamble: tuple[int, ...]
    """The lines of the records above the header, blank ones left out."""
    first_line: int
    """The line on which the first row begins."""
    confidence: float


def find_layout(records: Sequence[Sampled], has_header: bool | None) -> Layout | None:
    """The layout of a file with these first records; None when none of them has a cell."""
    full = [record for record in records if record.row and any(map(str.strip, record.row))]
    rows = [record.row or [] for record in full]
    if not rows:
        return None
    fields = _usual_width(rows[1:] or rows)
    above = 0 if has_header is False else _count_above(rows, fields)
    first, rest = rows[above], rows[above + 1 :]
    headed = looks_like_header(first, rest) if has_header is None else has_header
    headers = _header_rows(rows[above:], fields) if headed else 0
    body = rows[above + headers :]
    names, fields = (
        _fitted(_joined(rows[above : above + headers]), fields, body)
        if headed
        else ([""] * fields, fields)
    )
    before = above + headers
    return Layout(
        names=tuple(column_names(names)),
        fields=fields,
        has_header=headed,
        header_records=headers,
        preamble=tuple(record.line for record in full[:above]),
        first_line=full[before - 1].last_line + 1 if before else 1,
        confidence=_confidence(first, body, headed),
    )


def looks_like_header(row: Sequence[str], rest: Sequence[Sequence[str]] = ()) -> bool:
    """True when the cells of a first row could be names: short, different, no number or date, and
    not the values of the rows below."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    if not named or any(len(cell) > LONGEST_NAME or _is_value(cell) for cell in named):
        return False
    if len(set(named)) == len(named):
        return not _recurs(row, rest)
    # Names that occur twice: believed above numbers only.
    below = [cell for one in rest[:20] for cell in one if cell.strip()]
    return bool(below) and sum(map(_is_value, below)) >= 0.5 * len(below)


def column_names(header: Sequence[str]) -> list[str]:
    """The header's cells as names: blank ones become `column_N`, repeated ones get `_2`, `_3`."""
    names: dict[str, None] = {}
    copies: Counter[str] = Counter()
    for number, cell in enumerate(header, start=1):
        base = " ".join(cell.replace("\0", "").split())[:LONGEST_NAME] or f"column_{number}"
        name = base
        while name in names:
            copies[base] += 1
            name = f"{base}_{copies[base] + 1}"
        names[name] = None
    return list(names)


def _is_value(cell: str) -> bool:
    if len(cell) > LONGEST_VALUE:
        return False
    return bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell))


def _recurs(row: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """True when a cell stands again in its own column, below a row that differs from the first."""
    below = [one for one in rest if list(one) != list(row) and len(one) == len(row)]
    return any(
        cell.strip() and sum(one[place] == cell for one in below) >= 2
        for place, cell in enumerate(row)
    )


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """How many fields most rows have; of two equally frequent numbers, that of the earlier rows."""
    sizes = Counter(map(len, rows))
    return max(sizes, key=lambda size: sizes[size])  # a Counter keeps the order of first sight


def _count_above(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many records stand above the table: titles and remarks, with hardly a cell filled."""
    above = 0
    while above < min(_ABOVE, len(rows) - 1) and _is_title(rows[above : above + 3], width):
        above += 1
    # Titles all the way down are a table of one filled column.
    after = rows[above : above + 3]
    return above if above < _ABOVE and all(_filled(row) > 1 for row in after) else 0


def _is_title(rows: Sequence[Sequence[str]], width: int) -> bool:
    """True when the first of these rows stands above a table with so many columns."""
    first = rows[0]
    if width < 2 or _filled(first) <= 1:
        return width > 1
    if len(first) == width:
        return False
    names, values = rows[1], rows[-1]
    return (
        len(names) == len(values) == width
        and values is not names
        and not any(map(_is_value, names))
        and any(map(_is_value, values))
        and not any(map(_is_value, first[:1]))
        and (len(first) < width / 2 or " " in first[0].strip())
    )


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _header_rows(rows: Sequence[Sequence[str]], width: int) -> int:
    """One row, or as many as repeat it, or two where the first spans the columns of the second."""
    first = rows[0]
    again = 1
    while again < len(rows) and list(rows[again]) == list(first) and len(first) > 1:
        again += 1
    if again > 1:
        return again
    if len(rows) > 2 and len(first) == len(rows[1]) == width and _spans(first, rows[1], rows[2]):
        return 2
    return 1


def _spans(first: Sequence[str], second: Sequence[str], third: Sequence[str]) -> bool:
    named = [cell.strip() for cell in second if cell.strip()]
    return (
        bool(first[0].strip())
        and _filled(first) < len(first)
        and len(named) == len(second)
        and len(set(named)) < len(named)
        and not any(map(_is_value, named))
        and any(map(_is_value, third))
    )


def _joined(headers: Sequence[Sequence[str]]) -> list[str]:
    """The header rows as one: what spans columns stands before each of their names."""
    if len(headers) == 1 or list(headers[0]) == list(headers[-1]):
        return list(headers[0])
    above, spanning = "", []
    for cell in headers[0]:
        above = cell.strip() or above
        spanning.append(above)
    return [f"{over} {name.strip()}" for over, name in zip(spanning, headers[1], strict=True)]


def _fitted(names: list[str], fields: int, body: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """Names and fields that go together. A header may be longer or shorter than all of its rows;
    rows of many lengths are judged by the header instead."""
    while len(names) > fields and not names[-1].strip():
        names = names[:-1]
    even = bool(body) and all(len(row) == fields for row in body)
    if len(names) == fields or not even:
        return names, len(names) if body else max(len(names), 1)
    if (
        len(names) > fields
    ):  # a few may be missing in all; most of them missing is a wrong delimiter
        return (names, fields) if fields > len(names) / 2 else (names, len(names))
    if not any(cell.strip() for row in body for cell in row[len(names) :]):
        return names, fields
    return names + [""] * (fields - len(names)), fields


def _confidence(first: Sequence[str], rows: Sequence[Sequence[str]], headed: bool) -> float:
    """Numbers below names, or in the first row, are evidence; text above text is hardly any."""
    if not headed:
        return 0.95 if any(_is_value(cell) for cell in first if cell.strip()) else 0.6
    columns = zip(*[row for row in rows[:50] if len(row) == len(first)], strict=True)
    typed = [all(_is_value(cell) for cell in column if cell) for column in columns]
    return 0.95 if any(typed) else 0.75 if rows else 0.6
