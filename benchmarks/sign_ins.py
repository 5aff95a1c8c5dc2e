"""What many sign-ins at once cost the service, and whether their times tell who has an account.

python -m benchmarks.sign_ins [AT_ONCE] [ROUNDS]
"""

import os
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from scipy.stats import mannwhitneyu

from benchmarks._probe import probing
from benchmarks._service import data_dir, percentile, row, serving
from headway.identity.hashing import hashed
from headway.settings import Settings
from headway.wiring import open_store

PASSWORD: Final = "a fine day for it"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def main(at_once: int = 64, rounds: int = 200) -> None:
    """Print answers, waits, the wait of others and memory; then the times of three kinds of users."""
    os.environ["HEADWAY_SIGN_IN_FAILURES"] = "1000000"
    with data_dir() as directory:
        _make_users(directory)
        with serving(directory) as url:
            host = urlsplit(url).netloc
            _sign_in(host, "known", PASSWORD)
            _at_once(url, directory, at_once)
            _compare(host, rounds)


def _make_users(directory: Path) -> None:
    store = open_store(Settings(data_dir=directory))
    kept = hashed(PASSWORD)
    for name in ("known", "disabled"):
        store.users.add(name, kept)
    store.users.change("disabled", disabled=True)
    store.close()


def _at_once(url: str, directory: Path, count: int) -> None:
    host = urlsplit(url).netloc
    with probing(url) as idle:
        time.sleep(3)
    before = _memory(directory, "VmRSS")
    with probing(url) as busy, ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(lambda _: _sign_in(host, "known", PASSWORD), range(count)))
    row(f"{count} sign-ins at once, answers", str(dict(Counter(status for status, _ in answers))))
    row("    the last one waited, s", f"{max(took for _, took in answers):.2f}")
    for name, times in (("idle", idle), ("meanwhile", busy)):
        shown = " / ".join(f"{percentile(times, share) * 1000:.1f}" for share in (0.5, 0.99, 1))
        row(f"    GET /healthz {name}, p50 / p99 / most ms", f"{shown}  of {len(times)}")
    row("    memory before -> at most, MiB", f"{before:.0f} -> {_memory(directory, 'VmHWM'):.0f}")


def _compare(host: str, rounds: int) -> None:
    """In turns, so that what else the machine does meets all alike."""
    tried = {
        "known, wrong password": ("known", "wrong one"),
        "unknown": ("nobody", "wrong one"),
        "disabled, right password": ("disabled", PASSWORD),
    }
    times: dict[str, list[float]] = {name: [] for name in tried}
    for _ in range(rounds):
        for name, (user, password) in tried.items():
            status, took = _sign_in(host, user, password)
            assert status == 401, status
            times[name].append(took)
    first, *others = times
    row(f"{rounds} each: {first}, median ms", f"{statistics.median(times[first]) * 1000:.1f}")
    for name in others:
        p = mannwhitneyu(times[first], times[name]).pvalue
        row(f"    {name}, median ms", f"{statistics.median(times[name]) * 1000:.1f}   p = {p:.3f}")


def _sign_in(host: str, user: str, password: str) -> tuple[int, float]:
    began = time.perf_counter()
    http = HTTPConnection(host, timeout=120)
    http.request("POST", "/token", urlencode({"username": user, "password": password}), _FORM)
    answer = http.getresponse()
    answer.read()
    http.close()
    return answer.status, time.perf_counter() - began


def _memory(directory: Path, what: str) -> float:
    """Of the process that serves, in MiB."""
    mark = f"HEADWAY_DATA_DIR={directory}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = mark in (folder / "environ").read_bytes().split(b"\0")
            serves = b"uvicorn" in (folder / "cmdline").read_bytes()
            lines = (folder / "status").read_text().splitlines()
        except OSError:
            continue
        if ours and serves:
            return float(next(one for one in lines if one.startswith(what)).split()[1]) / 1024
    raise SystemExit("expected the service to run, but it has ended")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
