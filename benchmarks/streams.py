"""Events to many listeners: latency from the call in the job to the receipt, events a second, and
memory of an idle listener; of one job that all watch, and of as many jobs as there are listeners;
beside `fastapi.sse` and sse-starlette in the same run.

    python -m benchmarks.streams [LISTENERS]

Ours come from a job through a worker, a committed and synced transaction, and the API; the peers'
from a list in the process that serves them, without any store. They are installed from
benchmarks/requirements.lock.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import orjson

from benchmarks._service import data_dir, percentile, row, serving
from benchmarks._sse_load import Load, listening

BURST = 300
PACED = 60
PACE = 0.1
ROUNDS = 3
PATIENCE = 120.0
TICKS = 10

Publish = Callable[[int, float], None]


def main(listeners: int = 1000) -> None:
    """Print what each server does with one listener, and with many."""
    os.environ |= {
        "HEADWAY_MAX_STREAMS": str(10 * listeners),
        "HEADWAY_ASYNC_SLOTS": str(listeners),
    }
    with data_dir() as directory, serving(directory) as url:
        _measure_ours(url, directory, listeners)
    with data_dir() as directory, serving(directory) as url:
        _measure_each(url, listeners)
    for name in ("fastapi", "sse-starlette"):
        with data_dir() as directory, serving(directory, "benchmarks._streams_peers:app") as url:
            _measure(name, url, f"/{name}", "", listeners, _publisher(url), _server_pid(url))


def _measure_ours(url: str, directory: Path, listeners: int) -> None:
    token = _token(url)
    orders = str(directory / "go")
    body = orjson.dumps({"job_type": "publish", "input": {"orders": orders}})
    path = str(_call(f"{url}/api/v1/jobs", body, token)["poll_url"])

    def publish(count: int, pace: float) -> None:
        (directory / "go").write_text(f"{count} {pace}")

    _measure("headway", url, f"{path}/stream", token, listeners, publish, _server_pid(url))
    _call(f"{url}{path}/cancel", b"", token)


def _measure_each(url: str, listeners: int) -> None:
    """As many jobs as listeners, each watched by one of them."""
    token, start = _token(url), time.time() + 5 + listeners / 50
    ticks = {"start": start, "count": TICKS, "pace": 1.0}
    jobs = [{"job_type": "tick", "input": ticks}] * listeners
    made = _call(f"{url}/api/v1/jobs/bulk", orjson.dumps({"jobs": jobs}), token)["jobs"]
    assert isinstance(made, list)
    with listening(url, [f"{job['poll_url']}/stream" for job in made], token) as load:
        load.read_until(TICKS * listeners, start - time.time() + TICKS + 30)
        _row_latency(f"headway, {listeners} jobs", 1, load.latencies)
        row("  events received of", f"{load.received} of {TICKS * listeners}")


def _token(url: str) -> str:
    return str(_call(f"{url}/token", b"username=alice&password=secret123")["access_token"])


def _call(url: str, body: bytes, token: str = "") -> dict[str, object]:
    kind = "application/json" if token else "application/x-www-form-urlencoded"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    with urlopen(Request(url, body, headers, method="POST")) as answer:
        document: dict[str, object] = orjson.loads(answer.read())
        return document


def _publisher(url: str) -> Publish:
    def publish(count: int, pace: float) -> None:
        request = Request(f"{url}/publish?n={count}&pace={pace}", method="POST")
        threading.Thread(target=lambda: urlopen(request).read()).start()

    return publish


def _measure(
    name: str, url: str, path: str, token: str, listeners: int, publish: Publish, pid: int
) -> None:
    with listening(url, [path], token) as load:
        load.read_for(1)
        _row_latency(name, 1, _paced(load, 1, publish))
    before = _memory(pid)
    with listening(url, [path] * listeners, token) as load:
        load.read_for(3)
        row(f"{name}, KiB per idle listener", f"{(_memory(pid) - before) / listeners:.1f}")
        _row_latency(name, listeners, _paced(load, listeners, publish))
        rates = []
        for _ in range(ROUNDS):
            load.reset()
            publish(BURST, 0.0)
            load.read_until(BURST * listeners, PATIENCE)
            rates.append(load.received / (load.last - load.first))
            load.read_for(0.5)
        row(f"{name}, events/s to {listeners} listeners", f"{median(rates):,.0f}")


def _paced(load: Load, listeners: int, publish: Publish) -> list[float]:
    load.reset()
    publish(PACED, PACE)
    load.read_until(PACED * listeners, PACED * PACE + 30)
    return load.latencies


def _row_latency(name: str, listeners: int, seen: list[float]) -> None:
    p50, p99 = (percentile(seen, share) * 1000 for share in (0.5, 0.99))
    row(f"{name}, latency to {listeners}, p50 / p99 ms", f"{p50:.1f} / {p99:.1f}")


def _server_pid(url: str) -> int:
    """Who listens there: the newest of our uvicorn children."""
    port = url.rpartition(":")[2]
    wanted = f":{int(port):04X}"
    inodes = [
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(wanted) and line.split()[3] == "0A"
    ]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            names = [str(one.readlink()) for one in (folder / "fd").iterdir()]
        except OSError:
            continue
        if f"socket:[{inodes[0]}]" in names:
            return int(folder.name)
    raise SystemExit(f"expected a process that listens on port {port}, found none")


def _memory(pid: int) -> float:
    """Resident KiB."""
    time.sleep(0.2)
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    raise SystemExit("expected VmRSS in the process's status")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
