"""Every file of the test data imported as a whole and in shards: how many differ in anything.

    scripts/bench import_alike --data ../shared/data

Cut into shards of 200, 3,000 and 20,000 bytes, or a twelfth of the file, behind one good row or ten,
with the usual bound on broken rows and with none. Data set, report and items must be the same.
"""

import argparse
import csv
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks._service import row
from headway.operations.import_shards import Sizes
from headway.operations.requests.import_csv import ImportCsv
from tests.operations.two_imports import in_one, in_shards

SHARDS: Final = 12
CUTS: Final = ((200, 1), (200, 10), (3_000, 2), (20_000, 10))
"""Bytes of a shard, and good rows before a cut."""


def main() -> None:
    """Print how many were split, how many of these then read as a whole, and which differ."""
    given = argparse.ArgumentParser(prog="scripts/bench import_alike")
    given.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = given.parse_args()
    files = files_in(options.data)
    for size, sure in CUTS:
        for bound in (None, 1.0):
            found = Counter(_compared(path, size, sure, bound) for path in files)
            told = ", ".join(f"{found[what]} {what}" for what in sorted(found))
            row(f"{len(files)} files, shards of {size:,}, {sure} rows, max_errors {bound}", told)


def files_in(data: Path) -> list[Path]:
    """The torture set and the published ones."""
    with (data / "csv-torture" / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        torture = [data / "csv-torture" / entry["file"] for entry in csv.DictReader(file)]
    return torture + sorted(data.glob("*.csv*"))


def _compared(path: Path, size: int, sure: int, bound: float | None) -> str:
    request = ImportCsv(file="f", max_errors=bound)
    sizes = Sizes(undivided=0, shard=max(size, path.stat().st_size // SHARDS), sure=sure)
    with tempfile.TemporaryDirectory() as folder:
        one = in_one(Path(folder) / "one", path, request)
        found = in_shards(Path(folder) / "shards", path, request, sizes)
    if found != one:
        print(f"DIFFERENT: {path}", flush=True)
        return "different"
    return "split and read as a whole" if found.whole else "split" if found.shards else "not split"


if __name__ == "__main__":
    main()
