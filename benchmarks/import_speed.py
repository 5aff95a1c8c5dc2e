"""The import of a large CSV, beside Python's own reader and Polars on the same file in the same run.

    scripts/bench import_speed          HEADWAY_BENCH_MB=1024 is the size of the file

The import is the whole operation as a worker's child runs it: detection, checks of every record,
checkpoints, Parquet, statistics, hash. Python's `csv` alone counts rows and does nothing with them;
Polars (benchmarks/requirements.lock), also
alone, scans the file and writes Parquet. Each runs in a process of its own, after the
file was read once; memory is the highest resident set of that process.
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

from benchmarks._import_context import BenchContext
from headway.operations.import_csv import import_csv
from headway.operations.requests.import_csv import ImportCsv

MEGABYTES = int(os.environ.get("HEADWAY_BENCH_MB", "1024"))
WORDS = (  # noqa: SIM905 - a sentence reads better than a list of words
    "the order arrived late and nobody answered my message about a refund for broken headphones"
    " please tell me when support will call back because card payment failed twice this week"
).split()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        path = Path(folder) / "large.csv"
        rows = generate(path)
        size = path.stat().st_size
        print(f"{size / 2**20:,.0f} MiB, {rows:,} rows of 4 columns, a fifth of the texts quoted")
        print(f"{'':26}{'rows/s':>12} {'MB/s':>8} {'seconds':>8} {'peak MiB':>9}")
        for title, way in (
            ("Python csv, nothing else", "python"),
            ("headway import_csv", "headway"),
            ("Polars to Parquet", "polars"),
        ):
            answer = subprocess.run(
                [sys.executable, "-m", "benchmarks.import_speed", way, path, str(rows)],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, peak = map(float, answer.stdout.split())
            print(
                f"{title:26}{rows / seconds:12,.0f} {size / 1e6 / seconds:8.1f} {seconds:8.1f}"
                f" {peak:9.0f}",
                flush=True,
            )


def generate(path: Path) -> int:
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
    times = MEGABYTES * 2**20 // len(block) + 1
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
        started = time.perf_counter()
        rows = {"python": python, "headway": headway, "polars": polars}[way](path, Path(folder))
        seconds = time.perf_counter() - started
    assert rows == expected, f"expected {expected} rows, got: {rows}"
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
