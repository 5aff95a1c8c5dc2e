"""Headway and others on 474 CSV files that broke something once (csv-torture), by one script.

    scripts/bench imports          HEADWAY_TEST_DATA holds csv-torture, beside the other data sets

Each reader gets the path and nothing else, and is asked for a header and rows; each file is read in a
process that is ended after 20 seconds. csv is Python's reader with its Sniffer; clevercsv, Polars and
DuckDB come from benchmarks/requirements.lock and find the format out themselves. For 103 files the
right parse is known. What a reader gives for them is

    exact     the header and all rows, and no row was reported
    reported  some rows reported as broken, all others right
    refused   an error instead of rows
    wrong     other rows, and nothing said

Cells are compared without white space at their ends, rows without empty cells at theirs, and rows of
empty cells are left out, for all readers alike: the sources themselves do not agree about these.
"""

import csv
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks._parses import expected_of, is_part, same

SECONDS: Final = 20
READERS: Final = ("headway", "csv + Sniffer", "clevercsv", "Polars", "DuckDB")
HERE: Final = Path(__file__).resolve().parent
FOLDER: Final = (
    Path(os.environ.get("HEADWAY_TEST_DATA", HERE.parent.parent / "shared" / "data"))
    / "csv-torture"
)


@dataclass
class Reading:
    """What a reader gave for a file."""

    header: list[str] | None
    rows: list[list[Any]]
    reported: int = 0


def headway(path: Path) -> Reading:
    from headway.data.csv_reading import open_csv
    from headway.operations.import_account import Account, refuse

    account = Account()
    rows: list[list[Any]] = []
    with open_csv(path) as table:
        for batch in table.batches():
            first = not account.seen
            account.add(batch, batch.rejected)
            if first:
                refuse(account.fault_at_first(), account.counts)
            rows += map(list, zip(*[one.to_pylist() for one in batch.columns], strict=True))
        headed = table.detected["has_header"]
        names = table.names
    if account.rejected:
        refuse(account.fault_in_all(), account.counts)
    return Reading(names if headed else None, rows, account.rejected)


def sniffer(path: Path) -> Reading:
    csv.field_size_limit(1 << 30)
    with path.open(newline="", encoding="utf-8") as file:
        dialect = csv.Sniffer().sniff(file.read(20_000))
        file.seek(0)
        rows = list(csv.reader(file, dialect))
        file.seek(0)
        headed = csv.Sniffer().has_header(file.read(20_000))
    return Reading(rows[0] if headed else None, rows[headed:])


def clever(path: Path) -> Reading:
    import clevercsv

    with path.open(newline="", encoding=clevercsv.encoding.get_encoding(path)) as file:
        sample = file.read(20_000)
        dialect = clevercsv.Sniffer().sniff(sample, verbose=False)
        if dialect is None:
            raise ValueError("no dialect found")
        headed = clevercsv.Sniffer().has_header(sample)
        file.seek(0)
        rows = list(clevercsv.reader(file, dialect))
    return Reading(rows[0] if headed else None, rows[headed:])


def polars(path: Path) -> Reading:
    import polars as pl

    frame = pl.read_csv(path, infer_schema=False)
    return Reading(list(frame.columns), [list(row) for row in frame.iter_rows()])


def duck(path: Path) -> Reading:
    import duckdb

    with duckdb.connect() as base:
        found = base.execute(
            "SELECT * FROM read_csv(?, all_varchar=true, store_rejects=true)", [str(path)]
        )
        names, rows = [one[0] for one in found.description], found.fetchall()
        rejects = base.execute("SELECT count(*) FROM reject_errors").fetchone()
        headed = base.execute("SELECT HasHeader FROM sniff_csv(?)", [str(path)]).fetchone()
    is_headed = bool(headed and headed[0])
    reported = rejects[0] if rejects else 0
    return Reading(names if is_headed else None, [list(row) for row in rows], reported)


WAYS: Final[dict[str, Callable[[Path], Reading]]] = dict(
    zip(READERS, (headway, sniffer, clever, polars, duck), strict=True)
)


def serve(reader: str) -> None:
    """Read the files named on the input, one answer a line."""
    for line in sys.stdin:
        entry = json.loads(line)
        print(json.dumps(judged(WAYS[reader], entry)), flush=True)


def judged(way: Callable[[Path], Reading], entry: dict[str, str]) -> tuple[str, str]:
    expected = expected_of(FOLDER, entry["expected"]) if entry["expected"] else None
    try:
        reading = way(FOLDER / entry["file"])
    except BaseException as error:  # noqa: BLE001 - whatever a reader raises, it refuses the file
        if type(error).__name__ == "PanicException":
            return "crash", str(error)[:160]
        return "refused", f"{type(error).__name__}: {str(error)[:160]}"
    if expected is None:
        return ("reported" if reading.reported else "read"), ""
    if not reading.reported and same(expected, reading.header, reading.rows):
        return "exact", ""
    if reading.reported and is_part(expected, reading.rows):
        return "reported", f"{reading.reported} rows"
    return "wrong", f"{len(reading.rows)} rows, expected {len(expected.rows)}"


class Served:
    """A process that reads files; started anew when it crashed or hung."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._process: subprocess.Popen[str] | None = None

    def read(self, entry: dict[str, str]) -> tuple[str, str]:
        """What came of a file, and why."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.imports", self._reader],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        process = self._process
        assert process.stdin
        assert process.stdout
        hung = threading.Timer(SECONDS, process.kill)
        hung.start()
        process.stdin.write(json.dumps(entry) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        in_time = hung.is_alive()
        hung.cancel()
        if answer:
            outcome, why = json.loads(answer)
            return str(outcome), str(why)
        self.close()
        return ("crash", "") if in_time else ("hang", f"{SECONDS} s")

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main() -> None:
    with (FOLDER / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    known = [entry for entry in entries if entry["expected"]]
    others = [entry for entry in entries if not entry["expected"]]
    print(f"{'':16}of {len(known)} files with a known parse {'':15}of {len(others)} others")
    columns = (
        "exact",
        "reported",
        "refused",
        "wrong",
        "read",
        "reported",
        "refused",
        "crash",
        "hang",
    )
    print(f"{'':14}" + "".join(f"{name:>10}" for name in columns))
    missed: list[tuple[str, str, str]] = []
    for reader in READERS:
        served = Served(reader)
        first, second = Counter[str](), Counter[str]()
        for entry in entries:
            outcome, why = served.read(entry)
            (first if entry["expected"] else second)[outcome] += 1
            if reader == READERS[0] and entry["expected"] and outcome != "exact":
                missed.append((outcome, entry["file"], why))
        served.close()
        counts = [first[name] for name in columns[:4]] + [second[name] for name in columns[4:7]]
        counts += [first[name] + second[name] for name in columns[7:]]
        print(f"{reader:14}" + "".join(f"{count:10}" for count in counts), flush=True)
    print("\nWhat headway does not read exactly:")
    for outcome, name, why in sorted(missed):
        print(f"  {outcome:9} {name}  {why}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        main()
