"""`headway results`: the results of a job's single items."""

import argparse
import csv
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TextIO

from headway.cli import remote
from headway.cli.output import output
from headway.client import Client
from headway.csv_cells import csv_cell
from headway.errors import InvalidInput

Rows = Iterable[Mapping[str, Any]]
Read = Callable[[str | None], Rows]
"""The items, or those of one status."""


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway results",
        description="Write the results of a job's items, as far as they are there.",
    )
    remote.add_options(parser)
    parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.add_argument("--format", choices=FORMATS, help="jsonl by default")
    parser.add_argument(
        "--output", type=Path, metavar="FILE",
        help="where to, once all of it is there; else standard output",
    )  # fmt: skip
    parser.add_argument("--status", choices=("failed", "succeeded"), help="only these")
    parser.add_argument("--cursor", type=int, default=0, metavar="N", help="begin with item N")
    parser.add_argument(
        "--follow", action="store_true", help="wait for more until the job has ended"
    )
    return parser


def run(given: argparse.Namespace) -> int:
    """Write them; nothing is held in memory."""
    if given.json and given.format not in (None, "json"):
        parser().error(f"expected --json or --format {given.format}, got both")
    write = FORMATS["json" if given.json else given.format or "jsonl"]

    def tell(client: Client) -> int:
        job = client.job(given.job)

        def read(status: str | None) -> Rows:
            return job.results(given.cursor, status=status, follow=given.follow)

        with output(given.output) as out:
            write(read, given.status, out)
        return 0

    return remote.speak(given, tell)


def _as_jsonl(read: Read, status: str | None, out: TextIO) -> None:
    for row in read(status):
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        out.flush()


def _as_json(read: Read, status: str | None, out: TextIO) -> None:
    between = "["
    for row in read(status):
        out.write(f"{between}\n  {json.dumps(row, ensure_ascii=False)}")
        between = ","
    out.write("[]\n" if between == "[" else "\n]\n")


def _as_csv(read: Read, status: str | None, out: TextIO) -> None:
    """The columns are those of a succeeded and of the first item, and `error`; an item with others
    is refused, rather than written without them."""
    rows = iter(read(status))
    if not (first := list(islice(rows, 1))):
        return
    examples = [*islice(read(status or "succeeded"), 1), *first]
    columns = dict.fromkeys([*chain(*examples), "error"])
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writerow({name: csv_cell(name) for name in columns})
    for row in chain(first, rows):
        if others := row.keys() - columns.keys():
            raise InvalidInput(
                f"expected items with the fields {', '.join(columns)}, got one that also has"
                f" {', '.join(sorted(others))} (index {row['index']}): choose --format jsonl"
            )
        writer.writerow({name: csv_cell(value) for name, value in row.items()})


FORMATS: Final[dict[str, Callable[[Read, str | None, TextIO], None]]] = {
    "jsonl": _as_jsonl,
    "json": _as_json,
    "csv": _as_csv,
}
