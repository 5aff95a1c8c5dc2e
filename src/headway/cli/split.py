"""One CSV file in two: rows to learn from, and rows to be examined on."""

import csv
from pathlib import Path
from typing import Final

from headway.data.csv_reading import open_csv
from headway.data.csv_records import RowError

EVERY: Final = 5
"""Each fifth row is kept for the examination."""


def split_csv(file: Path, folder: Path) -> tuple[Path, Path]:
    """Write the rows of a CSV file to `train.csv` and `test.csv`, in their order, as UTF-8."""
    train, test = folder / "train.csv", folder / "test.csv"
    with (
        open_csv(file) as table,
        train.open("w", newline="", encoding="utf-8") as learning,
        test.open("w", newline="", encoding="utf-8") as examination,
    ):
        writers = csv.writer(learning), csv.writer(examination)
        for writer in writers:
            writer.writerow(table.names)
        rows = (row for row in table.rows() if not isinstance(row, RowError))
        for number, row in enumerate(rows):
            writers[number % EVERY == 0].writerow(row)
    return train, test
