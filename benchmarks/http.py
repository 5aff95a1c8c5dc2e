"""`POST /api/v1/jobs` under load, beside an empty route, in turn: uvicorn with one process, 32
keep-alive connections, a worker running at the same time.

    python -m benchmarks.http [SECONDS]

Needs `wrk` (Debian's package of this name).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks._service import data_dir, row, serving
from headway.client import Client

Figures = tuple[float, float, float]

CONNECTIONS = 32
ROUNDS = 3

WARM_UP = 2

SUBMIT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{{"job_type": "noop", "input": {{"payload": "{payload}"}}}}'
"""

SCRIPT = """
wrk.headers["Authorization"] = "Bearer {token}"
done = function(summary, latency, requests)
  io.write(string.format("figures %f %f %f %d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
"""


def main(seconds: int = 8) -> None:
    """Print both routes' figures and their ratio."""
    if shutil.which("wrk") is None:
        raise SystemExit("expected the load generator wrk; install Debian's package wrk")
    empty, ours = [], []
    for _ in range(ROUNDS):
        empty.append(load_empty(seconds))
        ours.append(load_ours(seconds))
    for name, runs in (("empty route", empty), ("POST /api/v1/jobs", ours)):
        rate, p50, p99 = (median(one[i] for one in runs) for i in range(3))
        row(f"{name}, requests/s, p50 / p99 ms", f"{rate:,.0f}  {p50:.1f} / {p99:.1f}")
    ratios = [mine[0] / ceiling[0] for mine, ceiling in zip(ours, empty, strict=True)]
    row("ratio", " ".join(f"{one:.2f}" for one in ratios))


def load_empty(seconds: int) -> Figures:
    """The empty route's requests/s, p50 and p99."""
    with data_dir() as directory, serving(directory, "benchmarks._empty:app") as url:
        return load(f"{url}/api/v1/jobs", submission(""), seconds)


def load_ours(seconds: int) -> Figures:
    """The real route's, with a worker that drains at the same time."""
    with (
        data_dir() as directory,
        serving(directory) as url,
        Client(url, "alice", "secret123") as client,
    ):
        client.wait_until_ready(30)
        return load(f"{url}/api/v1/jobs", submission(client.sign_in()), seconds)


def submission(token: str) -> str:
    """What wrk is told to send: a job that does nothing."""
    return SUBMIT.format(payload="x" * 80) + reading(token)


def reading(token: str) -> str:
    """What wrk is told to send: a GET."""
    return SCRIPT.format(token=token)


def load(url: str, told: str, seconds: int) -> Figures:
    """Load the route for so many seconds, after `WARM_UP`; requests/s, p50 and p99 in ms."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(told)
        script.flush()
        _run(url, Path(script.name), WARM_UP)
        printed = _run(url, Path(script.name), seconds)
    found = re.search(r"figures (\S+) (\S+) (\S+) (\d+)", printed)
    if found is None or found.group(4) != "0":
        raise SystemExit(f"expected only answers below 400, got:\n{printed}")
    rate, p50, p99, _ = map(float, found.groups())
    return rate, p50, p99


def _run(url: str, script: Path, seconds: int) -> str:
    options = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(script)]
    command = ["wrk", *options, url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
