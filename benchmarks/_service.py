"""A service of our own for a benchmark: a fresh data directory, a free port, real processes."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = "benchmarks._operations"


@contextlib.contextmanager
def data_dir() -> Iterator[Path]:
    """A directory on the disk the project is on, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="headway-bench-", dir=ROOT.parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def serving(directory: Path, application: str = "app.main:app") -> Iterator[str]:
    """An application under uvicorn, as users start it; the URL it answers."""
    environment = os.environ | {
        "HEADWAY_DATA_DIR": str(directory),
        "HEADWAY_OPERATIONS": OPERATIONS,
        "HEADWAY_MAX_QUEUED_PER_USER": "10000000",
    }
    command = [sys.executable, "-m", "uvicorn", application, "--port", "0", "--no-access-log"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield _url(process)
    finally:
        process.terminate()
        process.communicate()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "running on http://" in line:
            return "http://" + line.partition("http://")[2].split()[0]
    raise SystemExit("expected uvicorn to start, but it ended")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name: str, value: str) -> None:
    """Print one figure."""
    print(f"{name:<58} {value}", flush=True)
