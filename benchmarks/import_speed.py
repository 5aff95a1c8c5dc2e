"""The import of large CSVs, beside Python's own reader and Polars on the same files in the same run.

    scripts/bench import_speed          HEADWAY_BENCH_MB=10,100,1024 are the sizes of the files

The import is the whole operation as a worker's child runs it: detection, checks of every record,
checkpoints, Parquet, statistics, hash. Python's `csv` alone counts rows and does nothing with them;
Polars (benchmarks/requirements.lock), also
alone, scans the file and writes Parquet. Each runs in a process of its own, after the
file was read once; memory is the highest resident set of that process. CPU seconds are those of all
its threads: they say what the work costs where other programs slow the clock. The ratios are those
of Python's seconds to headway's.
"""

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks._import_context import BenchContext
from headway.operations.import_csv import import_csv
from headway.operations.requests.import_csv import ImportCsv

SIZES = [int(size) for size in os.environ.get("HEADWAY_BENCH_MB", "10,100,1024").split(",")]
WAYS = {
    "python": "Python csv, nothing else",
    "headway": "headway import_csv",
    "polars": "Polars to Parquet",
}
WORDS = (  # noqa: SIM905 - a sentence reads better than a list of words
    "the order arrived late and nobody answered my message about a refund for broken headphones"
    " please tell me when support will call back because card payment failed twice this week"
).split()


class Cost(NamedTuple):
    """What a way of reading took."""

    clock: float
    cpu: float
    peak: float
    """MiB."""


def main() -> None:
    for megabytes in SIZES:
        with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
            compare(Path(folder) / "large.csv", megabytes)


def compare(path: Path, megabytes: int) -> None:
    rows = generate(path, megabytes)
    size = path.stat().st_size
    print(f"{size / 2**20:,.0f} MiB, {rows:,} rows of 4 columns, a fifth of the texts quoted")
    print(f"{'':26}{'rows/s':>12} {'MB/s':>8} {'seconds':>8} {'CPU s':>8} {'peak MiB':>9}")
    costs = {}
    for way, title in WAYS.items():
        cost = costs[way] = measured(way, path, rows)
        print(
            f"{title:26}{rows / cost.clock:12,.0f} {size / 1e6 / cost.clock:8.1f}"
            f" {cost.clock:8.1f} {cost.cpu:8.1f} {cost.peak:9.0f}",
            flush=True,
        )
    python, ours = costs["python"], costs["headway"]
    print(f"ratio by clock {python.clock / ours.clock:.2f}, by CPU {python.cpu / ours.cpu:.2f}\n")


def measured(way: str, path: Path, rows: int) -> Cost:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_speed", way, path, str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Cost(*map(float, answer.stdout.split()))


def generate(path: Path, megabytes: int) -> int:
    """A file of so many MiB; the same one each time."""
    rng = random.Random(1)
    pieces = []
    for number in range(20_000):
        text = " ".join(rng.choices(WORDS, k=rng.randint(4, 24)))
        if rng.random() < 0.2:
            text = f'"{text}, and ""{rng.choice(WORDS)}"""'
        label = rng.choice(("billing", "delivery", "refund", "account"))
        pieces.append(f"{text},{label},{rng.randint(1, 5)},{number % 977}-{rng.getrandbits(30)}\n")
    block = "".join(pieces).encode()
    times = megabytes * 2**20 // len(block) + 1
    with path.open("wb") as file:
        file.write(b"text,label,stars,id\n")
        for _ in range(times):
            file.write(block)
    return times * len(pieces)


def python(path: Path, _: Path) -> int:
    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def headway(path: Path, folder: Path) -> int:
    result = import_csv(ImportCsv(file="f", filename=path.name), BenchContext(folder, path))
    return int(result["rows"])


def polars(path: Path, folder: Path) -> int:
    import polars as pl

    pl.scan_csv(path, infer_schema=False).sink_parquet(folder / "out.parquet")
    return int(pl.scan_parquet(folder / "out.parquet").select(pl.len()).collect().item())


def measure(way: str, path: Path, expected: int) -> None:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        started, cpu = time.perf_counter(), time.process_time()
        rows = {"python": python, "headway": headway, "polars": polars}[way](path, Path(folder))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert rows == expected, f"expected {expected} rows, got: {rows}"
    print(seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
