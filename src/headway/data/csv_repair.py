"""A line with a quote in the wrong place, read the one way in which it has all its fields.

Only where that is sure: the number of fields must come out right, and nothing but the quote may be
amiss. What was repaired is told, line by line.
"""

import re
from functools import lru_cache

from headway.data.dialects import Dialect


def repaired(line: str, dialect: Dialect, fields: int) -> list[str] | None:
    """The row in a damaged line; None if there is no one reading with so many fields."""
    if dialect.quote is None or fields < 3:
        return None
    text = line.rstrip("\r\n")
    readings = [_read(text, pattern, dialect.quote) for pattern in _patterns(dialect)]
    right = [reading for reading in readings if reading is not None and len(reading) == fields]
    return right[0] if len(right) == 1 else None


@lru_cache(maxsize=16)
def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A stray quote is a character like any other; or it ends a field only where a field may end."""
    quote, end = re.escape(dialect.quote or '"'), re.escape(dialect.delimiter)
    space = " *" if dialect.skip_space else ""
    stray = rf"{space}(?:{quote}((?:[^{quote}]|{quote}{quote})*){quote}|([^{end}]*))(?:{end}|$)"
    inner = rf"{space}(?:{quote}((?:[^{quote}]|{quote}(?!{end}|$))*){quote}|([^{end}{quote}]*))(?:{end}|$)"
    return re.compile(stray), re.compile(inner)


def _read(text: str, pattern: re.Pattern[str], quote: str) -> list[str] | None:
    cells: list[str] = []
    at = 0
    while found := pattern.match(text, at):
        quoted, plain = found.groups()
        cells.append(plain if quoted is None else quoted.replace(quote * 2, quote))
        at = found.end()
        if at == len(text):
            return [*cells, ""] if _goes_on(found) else cells
    return None


def _goes_on(found: re.Match[str]) -> bool:
    """True when the match ends with a delimiter, behind which an empty field is left."""
    content = found.end(1) if found.group(1) is not None else found.end(2)
    return found.end() > content + (found.group(1) is not None)
