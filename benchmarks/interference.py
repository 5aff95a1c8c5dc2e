"""What a batch of 100,000 texts costs everybody else: two small GETs, 50 times a second each, with
and without the batch running on all slots.

    python -m benchmarks.interference [SECONDS]
"""

import contextlib
import csv
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks._service import data_dir, percentile, row, serving
from headway.client import ApiError, Client, JobHandle
from headway.data.tickets import tickets
from headway.job import Status

TEXTS = 100_000
PER_SECOND = 50


def main(seconds: int = 10) -> None:
    """Print p50 and p99 of both calls, idle and busy, and their ratios."""
    with (
        data_dir() as directory,
        serving(directory) as url,
        Client(url, "alice", "secret123") as client,
    ):
        client.wait_until_ready(30)
        _import_texts(client)
        finished = _submit(client)
        finished.result()
        idle = _measure(client, url, finished.id, seconds, lambda: None)
        busy = _measure(client, url, finished.id, seconds, lambda: _keep_busy(client))
    for name in idle:
        quiet, loud = idle[name], busy[name]
        shown = " -> ".join(
            f"{percentile(one, 0.5) * 1000:.2f} / {percentile(one, 0.99) * 1000:.2f}"
            for one in (quiet, loud)
        )
        ratio = percentile(loud, 0.99) / percentile(quiet, 0.99)
        row(f"{name}, p50 / p99 ms, idle -> busy", f"{shown}   p99 ratio {ratio:.2f}")


def _import_texts(client: Client) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.csv"
        with file.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("text", "label"))
            writer.writerows(tickets(TEXTS, 7))
        client.import_csv(file, name="texts").result()


def _submit(client: Client) -> JobHandle:
    return client.batch_predict(data="texts")


_stop = threading.Event()


def _keep_busy(client: Client) -> None:
    """A batch on each of the two slots, and the next when one ends, until told to stop."""
    running = [_submit(client), _submit(client)]
    while not _stop.wait(0.1):
        ended = [one for one in running if one.now().status is Status.COMPLETED]
        running = [one for one in running if one not in ended] + [_submit(client) for _ in ended]
    for one in running:
        with contextlib.suppress(ApiError):  # it has just completed
            one.cancel()


def _measure(
    client: Client, url: str, job_id: str, seconds: int, beside: Callable[[], None]
) -> dict[str, list[float]]:
    """Seconds of each call, sent when its time has come, whatever the one before took."""
    _stop.clear()
    other = threading.Thread(target=beside)
    other.start()
    time.sleep(1)  # let the batch get going
    headers = {"Authorization": f"Bearer {client.sign_in()}"}
    calls = {"GET /healthz": "/healthz", "GET /api/v1/jobs/{id}": f"/api/v1/jobs/{job_id}"}
    times: dict[str, list[float]] = {name: [] for name in calls}
    callers = [
        threading.Thread(target=_call, args=(url + path, headers, seconds, times[name]))
        for name, path in calls.items()
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    _stop.set()
    other.join()
    return times


def _call(url: str, headers: dict[str, str], seconds: int, times: list[float]) -> None:
    parts = urlsplit(url)
    http = HTTPConnection(parts.netloc)
    began = time.perf_counter()
    for number in range(seconds * PER_SECOND):
        due = began + number / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        http.request("GET", parts.path, headers=headers)
        answer = http.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        times.append(time.perf_counter() - due)
    http.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
