"""Output for people and for programs: tables that are aligned, colours only where they are seen."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

COLOURS: Final = {
    "completed": "32",
    "running": "36",
    "pending": "33",
    "failed": "31",
    "cancelled": "35",
}


def print_json(value: Any) -> None:
    """One JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns. In a terminal the last one is cut to fit; in a pipe nothing is."""
    for line in table(header, rows):
        print(line)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The lines of a table."""
    cells = [[_cell(one) for one in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return [
        _line(header, widths, room),
        *(_painted(_line(row, widths, room), row) for row in cells),
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    # A name is somebody's input: it must not move the cursor of whoever looks at it.
    return "".join(one if one.isprintable() else " " for one in str(value))


def _line(cells: Sequence[str], widths: Sequence[int], room: int | None) -> str:
    line = "  ".join(f"{one:<{width}}" for one, width in zip(cells, widths, strict=True)).rstrip()
    return line if room is None or len(line) <= room else line[: room - 1] + "…"


def _painted(line: str, row: Sequence[str]) -> str:
    word = next((one for one in row if one in COLOURS), None)
    if word is None or not coloured():
        return line
    return line.replace(word, f"\x1b[{COLOURS[word]}m{word}\x1b[0m", 1)


def coloured() -> bool:
    """True for a terminal whose user has not asked for NO_COLOR (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()


def facts(pairs: Mapping[str, object]) -> None:
    """A name and a value a line."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        print(f"{name:<{width}}  {_cell(value)}")


def moment(at: float) -> str:
    """Seconds since the epoch in RFC 3339, UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day(at: float) -> str:
    """The day of a moment, UTC."""
    return moment(at)[:10]
