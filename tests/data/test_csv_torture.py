"""474 files that other projects keep because they broke something."""

import csv
from collections import Counter
from pathlib import Path

from benchmarks._parses import expected_of, same
from headway.data.csv_reading import open_csv
from headway.errors import NotRetryable

EXACT = 75
"""Of the 103 files with an expected parse, so many were read as it says; fewer is a step back."""


def test_no_file_in_the_wild_breaks_the_reader(real_data: Path) -> None:
    """Each is read to its end or refused with a sentence, and every line is accounted for."""
    outcomes: Counter[str] = Counter()
    folder = real_data / "csv-torture"
    with (folder / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        for entry in csv.DictReader(file):
            outcomes[outcome(folder, entry)] += 1
    assert outcomes.total() == 474
    assert outcomes["exact"] >= EXACT
    assert outcomes["refused"] < 12


def outcome(folder: Path, entry: dict[str, str]) -> str:
    path = folder / entry["file"]
    try:
        with open_csv(path) as table:
            batches = list(table.batches())
            headed = bool(table.detected["has_header"])
            assert table.bytes_read == path.stat().st_size
    except NotRetryable:
        return "refused"
    after = table.format.start
    for batch in batches:
        assert batch.after.offset > after.offset
        assert batch.seen <= batch.after.line - after.line
        after = batch.after
    rows = [
        row
        for batch in batches
        for row in zip(*[one.to_pylist() for one in batch.columns], strict=True)
    ]
    expected = expected_of(folder, entry["expected"]) if entry["expected"] else None
    if expected is None or any(batch.rejected for batch in batches):
        return "read"
    return "exact" if same(expected, table.names if headed else None, rows) else "read"
