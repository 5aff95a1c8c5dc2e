"""How the fields of a CSV file are parted and quoted, found out from its first records."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

USUAL: Final = (",", ";", "\t", "|")
OTHERS: Final = (":", "^", "~", "\x1f", "\x01", " ")
"""Believed only where they are clearly better than the usual ones."""

_RECORDS: Final = 300
_SCORED: Final = 100
_CELLS: Final = 30
_CHARACTERS: Final = 1 << 18
_CLEARLY: Final = 2.0
LONGEST_VALUE: Final = 200
"""Characters of a number, a date or an address. Patterns that look for them look at no more: one
that fails at the end of a hundred thousand digits has tried to part them in every place."""
_KNOWN: Final = re.compile(
    r"\s*(?:"
    r"|[-+]?[$€£]?\s?\d[\d.,' ]*\d?(?:[eE][-+]?\d+)?\s?[%€]?"  # numbers, amounts
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}:?\d{2})?)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
    r"|(?:https?|ftp)://\S+"
    r"|[^\s,;\t|\"@]+@[^\s,;\t|\"@]+"
    r"|[^\W\d_][^,;\t|\"]*"  # words, without what could part them
    r")\s*"
)
_VALUE: Final = re.compile(r"\s*[-+]?[$€£]?[\d.,:/ -]*\d[\d.,:/ %-]*\s*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What Python's reader must know."""

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    skip_space: bool = False
    """True when white space behind a delimiter is no part of the field."""

    def reader(self, lines: Iterable[str]) -> Any:
        """A strict reader: a quote in the wrong place is an error, not part of a guess."""
        return csv.reader(
            lines if self.escape is None else map(self._without_escapes, lines),
            delimiter=self.delimiter,
            quotechar=self.quote or '"',
            quoting=csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL,
            skipinitialspace=self.skip_space,
            strict=True,
        )

    def _without_escapes(self, line: str) -> str:
        """Escaped quotes doubled instead: Python's own `escapechar` also eats the character before
        letters, where it means itself."""
        escape, quote = re.escape(self.escape or ""), self.quote or '"'
        return re.sub(
            f"{escape}({escape}|{quote})",
            lambda found: quote * 2 if found[1] == quote else found[1],
            line,
        )


@dataclass(frozen=True, slots=True)
class Sampled:
    """A record of the sample: a row, or None where it is damaged."""

    line: int
    row: list[str] | None
    last_line: int


def detect_dialect(
    sample: str,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    skip_space: bool | None = None,
) -> tuple[Dialect, float]:
    """The dialect that reads the sample as rows of one length and cells that make sense, and how
    sure that is. What is given is believed."""
    lines = list(io.StringIO(sample[:_CHARACTERS], newline=""))
    scores = {
        dialect: _score(lines, dialect)
        for dialect in _candidates(sample[:_CHARACTERS], delimiter, quote, escape)
    }
    usual = {one: score for one, score in scores.items() if one.delimiter in USUAL}
    best = max(usual or scores, key=lambda one: scores[one])
    for other in scores.keys() - usual.keys():
        if scores[other] > _CLEARLY * scores[best] and _is_sound(lines, other):
            best = other
    best = _spaced(lines, best) if skip_space is None else replace(best, skip_space=skip_space)
    return best, _confidence(lines, best, scores)


def sampled(lines: Sequence[str], dialect: Dialect, most: int = _RECORDS) -> Iterator[Sampled]:
    """Yield the first records; after a damaged one, go on with the line after its first."""
    first = 0
    given = 0
    while first < len(lines) and given < most:
        reader = dialect.reader(lines[first:])
        start = first
        try:
            for row in reader:
                yield Sampled(start + 1, row, first + reader.line_num)
                start = first + reader.line_num
                given += 1
                if given == most:
                    return
            return
        except csv.Error:
            yield Sampled(start + 1, None, start + 1)
            given += 1
            first = start + 1


def _candidates(
    sample: str, delimiter: str | None, quote: str | None, escape: str | None
) -> list[Dialect]:
    found = [one for one in (*USUAL, *OTHERS) if one in sample]
    delimiters = [delimiter] if delimiter else found or [","]
    return [
        Dialect(one, mark, escape or _escape(sample, one, mark))
        for one in delimiters
        for mark in ([quote] if quote else _quotes(sample, one))
    ]


def _quotes(sample: str, delimiter: str) -> list[str | None]:
    """The marks that open a field somewhere; the double one always."""
    opened = re.findall(rf"(?:^|[\r\n]|{re.escape(delimiter)}) ?(['\"])", sample)
    counts = Counter(opened)
    marks: list[str | None] = ['"']
    if counts["'"] > 2 * counts['"']:
        marks.append("'")
    if counts['"']:
        marks.append(None)
    return marks


def _escape(sample: str, delimiter: str, quote: str | None) -> str | None:
    """A character that stands before quotes inside of fields: not where the field may end there."""
    if quote is None:
        return None
    ends = re.escape(delimiter) + "\r\n"
    for mark in ("\\", "\0"):
        within = re.search(rf"{re.escape(mark)}{quote}[^{ends}{quote}]", sample)
        at_end = re.search(rf"{re.escape(mark)}{quote}{quote}(?:[{ends}]|$)", sample)
        if within or at_end:
            return mark
    return None


def _score(lines: Sequence[str], dialect: Dialect) -> float:
    """Many rows of the same, large length, times the share of cells that make sense."""
    records = list(sampled(lines, dialect, _SCORED))
    rows = [record.row for record in records if record.row]
    if not rows:
        return 0.0
    damaged = sum(record.row is None for record in records)
    sizes = Counter(map(len, rows))
    pattern = sum(count * max(0.001, size - 1) / size for size, count in sizes.items())
    known = total = 0
    for row in rows:
        for cell in row[:_CELLS]:
            known += _KNOWN.fullmatch(cell[:LONGEST_VALUE]) is not None
        total += min(len(row), _CELLS)
    # Without quotes every quote is text, and nothing is ever damaged: that is no merit.
    unquoted = 0.7 if dialect.quote is None else 1.0
    return unquoted * pattern / (len(rows) + 4 * damaged) / len(sizes) * max(known / total, 0.02)


def _is_sound(lines: Sequence[str], dialect: Dialect) -> bool:
    """Enough to believe an unusual delimiter: several rows of one length; numbers, if it is a space."""
    rows = [record.row for record in sampled(lines, dialect) if record.row]
    sizes = Counter(map(len, rows))
    width, count = sizes.most_common(1)[0]
    if width < 2 or count < 3 or count < 0.9 * len(rows):
        return False
    cells = [cell for row in rows[1:] for cell in row]
    values = sum(_is_value(cell) for cell in cells)
    return dialect.delimiter not in " :" or values >= 0.6 * len(cells)


def _is_value(cell: str) -> bool:
    return len(cell) <= LONGEST_VALUE and _VALUE.fullmatch(cell) is not None


def _spaced(lines: Sequence[str], dialect: Dialect) -> Dialect:
    """The dialect, skipping white space behind delimiters where that is how the file is written."""
    if dialect.delimiter.isspace():
        return dialect
    spaced = replace(dialect, skip_space=True)
    if dialect.quote is not None and _score(lines, spaced) > 1.2 * _score(lines, dialect):
        return spaced
    rows = [record.row for record in sampled(lines, dialect) if record.row]
    behind = [cell for row in rows for cell in row[1:] if cell]
    if len(behind) >= 3 and all(cell[0] == " " and cell[1:2] != " " for cell in behind):
        return spaced
    return dialect


def _confidence(lines: Sequence[str], best: Dialect, scores: dict[Dialect, float]) -> float:
    """How much better than the next delimiter, times how even the rows are."""
    rows = [record.row for record in sampled(lines, best) if record.row]
    if not rows:
        return 0.0
    width, even = Counter(map(len, rows)).most_common(1)[0]
    if width == 1:
        return 0.5  # one column, or a delimiter that nobody thought of
    score = max((s for one, s in scores.items() if one.delimiter == best.delimiter), default=0.0)
    rest = max((s for one, s in scores.items() if one.delimiter != best.delimiter), default=0.0)
    margin = score / (score + rest) if score else 0.5
    return round(margin * even / len(rows), 2)
