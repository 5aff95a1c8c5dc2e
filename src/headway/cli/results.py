"""`headway results`: the results of a job's single items."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from headway.cli import remote
from headway.client import Client

Rows = Iterable[Mapping[str, Any]]


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway results",
        description="Write the results of a job's items, as far as they are there.",
    )
    remote.add_options(parser)
    parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.add_argument("--format", choices=FORMATS, default="jsonl", help="jsonl by default")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to; else standard output"
    )
    parser.add_argument("--status", choices=("failed", "succeeded"), help="only these")
    parser.add_argument("--cursor", type=int, default=0, metavar="N", help="begin with item N")
    parser.add_argument(
        "--follow", action="store_true", help="wait for more until the job has ended"
    )
    return parser


def run(given: argparse.Namespace) -> int:
    """Write them; nothing is held in memory."""

    def write(client: Client) -> int:
        rows = client.job(given.job).results(given.cursor, status=given.status, follow=given.follow)
        with _opened(given.output) as out:
            FORMATS["json" if given.json else given.format](rows, out)
        return 0

    return remote.speak(given, write)


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    with file.open("w", encoding="utf-8", newline="") as out:
        yield out


def _as_jsonl(rows: Rows, out: TextIO) -> None:
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        out.flush()


def _as_json(rows: Rows, out: TextIO) -> None:
    between = "["
    for row in rows:
        out.write(f"{between}\n  {json.dumps(row, ensure_ascii=False)}")
        between = ","
    out.write("[]\n" if between == "[" else "\n]\n")


def _as_csv(rows: Rows, out: TextIO) -> None:
    """The first item gives the columns; what a later one has beyond them is refused, not dropped."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _field(value) for name, value in row.items()})


def _field(value: Any) -> Any:
    """A value as a spreadsheet may have it: a text that begins like a formula is no formula."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _FORMULA else value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

FORMATS: Final[dict[str, Callable[[Rows, TextIO], None]]] = {
    "jsonl": _as_jsonl,
    "json": _as_json,
    "csv": _as_csv,
}
