"""The torture files' expected parses, and how a reading compares with one."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Expected:
    """What a file holds: its header, None if it has none, and its rows."""

    header: list[str] | None
    rows: list[list[str]]


def expected_of(folder: Path, name: str) -> Expected | None:
    """The right parse as the file's source has it."""
    path = folder / name
    if path.suffix == ".json":
        records = json.loads(path.read_text())
        records = [records] if isinstance(records, dict) else records
        header = list(records[0])
        return Expected(header, [[str(value) for value in one.values()] for one in records])
    described = json.loads(
        (path.parent.parent / "parameters" / f"{path.name}_parameters.json").read_text()
    )
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if int(described["header_lines"] or 0) > 0:
        return Expected(rows[0] if rows else None, rows[1:])
    named = bool(rows) and rows[0][0] == "col_0"  # names that the source made up
    return Expected(None, rows[named:])


def cleaned(rows: Rows) -> list[list[str]]:
    """The rows without what the sources themselves do not agree about: white space around cells and
    the kind of it inside, empty cells at the end of a row, and rows of empty cells."""
    found = []
    for row in rows:
        cells = [" ".join((cell or "").split()) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            found.append(cells)
    return found


def same(expected: Expected, header: Sequence[str | None] | None, rows: Rows) -> bool:
    """True when the reading has the header, if there is one, and all the rows."""
    if expected.header is not None and not _same_header(expected.header, header or []):
        return False
    return cleaned(rows) == cleaned(expected.rows)


def _same_header(expected: Sequence[str], given: Sequence[str | None]) -> bool:
    """Equal names; blank and repeated ones may be made usable, as may a header that stands twice."""
    pairs = list(zip_longest(expected, given, fillvalue=""))
    return all(_same_name(name, got or "", list(expected).count(name)) for name, got in pairs)


def _same_name(name: str, got: str, times: int) -> bool:
    name, got = " ".join(name.split()), " ".join(got.split())
    once = " ".join(dict.fromkeys(name.split()))
    return not name or got in (name, once) or (times > 1 and got.startswith(name))


def is_part(expected: Expected, rows: Rows) -> bool:
    """True when the rows are all among the expected ones, in their order."""
    rest = iter(cleaned(expected.rows))
    return all(row in rest for row in cleaned(rows))
