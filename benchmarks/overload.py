"""What happens when more is asked than can be done: goodput under overload, what others notice of one
user's flood, and of hundreds of slow connections.

    python -m benchmarks.overload [SECONDS]
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from benchmarks._goodput import Overload, spread
from benchmarks._open_loop import Pool
from benchmarks._service import OPERATIONS, ROOT, data_dir, percentile, row
from headway.client import Client

FLOOD_CONNECTIONS = 256
SLOW = 500


def main(seconds: int = 10) -> None:
    """Print all of it."""
    for part in (_overload, _flood, _slow_connections):
        with data_dir() as directory, served(directory) as (url, pid):
            part(url, pid, seconds)


@contextlib.contextmanager
def served(directory: Path, **settings: str) -> Iterator[tuple[str, int]]:
    """`headway serve` with a worker, as users run it; its URL and process."""
    environment = os.environ | {
        "HEADWAY_DATA_DIR": str(directory),
        "HEADWAY_OPERATIONS": OPERATIONS,
        "HEADWAY_MAX_QUEUED_PER_USER": "1000000",
        **settings,
    }
    with _on_another_core():
        process = subprocess.Popen(
            [sys.executable, "-m", "headway", "serve", "--port", "0"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        if found is None:
            raise SystemExit("expected headway serve to greet, but it ended")
        with Client(found[0], "alice", "secret123") as client:
            client.wait_until_ready(30)
        yield found[0], process.pid
    finally:
        process.terminate()
        process.communicate()


@contextlib.contextmanager
def _on_another_core() -> Iterator[None]:
    """What is started here gets the first core, and we the others: a load of ten times what can be
    done is also ten times the work to ask for it, and would take that core from the service."""
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores - {min(cores)} or cores)


def submission(url: str, token: str) -> bytes:
    """A request for a job that does nothing."""
    body = b'{"job_type": "noop", "input": {"payload": "%s"}}' % (b"x" * 80)
    head = (
        f"POST /api/v1/jobs HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def token_of(url: str, user: str, password: str) -> str:
    """A token of this user's."""
    with Client(url, user, password) as client:
        return client.sign_in()


def _overload(url: str, pid: int, seconds: int) -> None:
    request = submission(url, token_of(url, "alice", "secret123"))
    load = Overload(url, pid, request)
    asyncio.run(load.measure(seconds))
    with Client(url, "alice", "secret123") as client:
        made = client.me().request_count
    lost = max(0, load.accepted - made)
    shown = f"{load.accepted:,}, {load.cut:,}, {made:,}: lost {lost:,}"
    row("accepted, cut off, and jobs there are", shown)


def _flood(url: str, _pid: int, seconds: int) -> None:
    asyncio.run(_measure_flood(url, seconds))


async def _measure_flood(url: str, seconds: int) -> None:
    others = _Others(url)
    alone = await others.notice(seconds)
    where = urlsplit(url)
    token = await asyncio.to_thread(token_of, url, "alice", "secret123")
    pool = Pool(where.hostname or "", where.port or 0, submission(url, token))
    await pool.open(FLOOD_CONNECTIONS)
    by_himself = await pool.closed_loop(FLOOD_CONNECTIONS, seconds)
    watching = asyncio.ensure_future(others.notice(seconds))
    beside_others = await pool.closed_loop(FLOOD_CONNECTIONS, seconds)
    beside = await watching
    shown = f"{by_himself:,.0f}/s -> {beside_others:,.0f}/s"
    row(f"one user as fast as he can on {FLOOD_CONNECTIONS}, beside others", shown)
    for name in alone:
        _compare(f"{name}, alone -> beside", alone[name], beside[name])


class _Others:
    """What somebody else notices. He has a process of his own, so that he does not notice ours."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    async def notice(self, seconds: int) -> dict[str, list[float]]:
        """How long a look takes him, and a job from submission to result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._process, _others, self._url, seconds)


def _others(url: str, seconds: int) -> dict[str, list[float]]:
    looks, jobs = [], []
    head = {"Authorization": f"Bearer {token_of(url, 'bob', 'secret456')}"}
    with httpx2.Client(base_url=url, headers=head, timeout=60) as client:
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            began = time.perf_counter()
            client.get("/api/v1/users/me").raise_for_status()
            looked = time.perf_counter()
            answer = client.post(
                "/api/v1/jobs", json={"job_type": "noop"}, headers={"Prefer": "wait=30"}
            )
            answer.raise_for_status()
            looks.append(looked - began)
            jobs.append(time.perf_counter() - looked)
            time.sleep(0.02)
    return {"another's GET": looks, "another's job to its result": jobs}


def _compare(name: str, alone: list[float], beside: list[float]) -> None:
    ratio = percentile(beside, 0.99) / percentile(alone, 0.99)
    row(name, f"{spread(alone)} -> {spread(beside)}  p99 ratio {ratio:.1f}")


def _slow_connections(url: str, pid: int, seconds: int) -> None:
    asyncio.run(_measure_slow(url, pid, seconds))


async def _measure_slow(url: str, pid: int, seconds: int) -> None:
    where = urlsplit(url)
    others = _Others(url)
    alone = await others.notice(seconds)
    before = _memory(pid)
    token = await asyncio.to_thread(token_of, url, "alice", "secret123")
    begins = (b"GET / HTTP/1.1\r\nX-Slow: ", submission(url, token).partition(b"\r\n\r\n")[0])
    opened = [await asyncio.open_connection(where.hostname, where.port) for _ in range(SLOW)]
    for number, (_, writer) in enumerate(opened):
        kind = number % 3  # slow headers, slow bodies, and those that never say a word
        if kind < 2:
            writer.write(begins[kind] + (b"\r\n\r\n" if kind else b""))
    watching = asyncio.ensure_future(others.notice(seconds))
    while not watching.done():
        await asyncio.sleep(1)
        for number, (_, writer) in enumerate(opened):
            if number % 3 < 2 and not writer.is_closing():
                writer.write(b" ")
    beside = await watching
    grown = _memory(pid) - before
    for name in alone:
        _compare(f"{SLOW} slow connections, {name}", alone[name], beside[name])
    row(f"{SLOW} slow connections, memory", f"+{grown / 2**20:.0f} MiB")
    ends = time.monotonic() + 60
    while time.monotonic() < ends and not all(one.at_eof() for one, _ in opened[::3]):
        await asyncio.sleep(1)
        for one, _ in opened[::3]:
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(one.read(65_536), 0.001)
    cut = sum(one.at_eof() for one, _ in opened[::3])
    row("slow headers cut by the service", f"{cut} of {len(opened[::3])}")
    for _, writer in opened:
        writer.transport.abort()


def _memory(pid: int) -> int:
    """Resident bytes of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
