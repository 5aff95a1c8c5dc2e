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
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from benchmarks._open_loop import Pool
from benchmarks._service import OPERATIONS, ROOT, data_dir, percentile, row
from headway.client import Client

CONNECTIONS = 1500
SHARES = (0.5, 1.0, 2.0, 4.0)
FLOOD = 10_000
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


def _overload(url: str, _pid: int, seconds: int) -> None:
    asyncio.run(_measure_overload(url, seconds))


async def _measure_overload(url: str, seconds: int) -> None:
    where = urlsplit(url)
    request = submission(url, await asyncio.to_thread(token_of, url, "alice", "secret123"))
    pool = Pool(where.hostname or "", where.port or 0, request)
    await pool.open(CONNECTIONS)
    await pool.closed_loop(64, 2)
    capacity = await pool.closed_loop(64, seconds)
    row("capacity, submissions/s (64 connections in a closed loop)", f"{capacity:,.0f}")
    for share in SHARES:
        answers = await pool.open_loop(capacity * share, seconds)
        good, refused = answers.seconds(202), answers.seconds(503)
        shown = f"{len(good) / seconds:,.0f}/s ({len(good) / seconds / capacity:.2f} of capacity)"
        shown += f", {_spread(good)}; refused {len(refused) / seconds:,.0f}/s, {_spread(refused)}"
        rest = len(answers.found) - len(good) - len(refused)
        shown += f"; other answers {rest}, cut {answers.lost}, no connection {answers.not_asked}"
        row(f"offered {share:g}x: accepted, p50 / p99 ms", shown)
        await asyncio.sleep(1)


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{percentile(seconds, 0.5) * 1000:.0f} / {percentile(seconds, 0.99) * 1000:.0f} ms"


def _flood(url: str, _pid: int, seconds: int) -> None:
    asyncio.run(_measure_flood(url, seconds))


async def _measure_flood(url: str, seconds: int) -> None:
    alone = await asyncio.to_thread(_others, url, seconds)
    where = urlsplit(url)
    token = await asyncio.to_thread(token_of, url, "alice", "secret123")
    pool = Pool(where.hostname or "", where.port or 0, submission(url, token))
    await pool.open(32)
    watching = asyncio.create_task(asyncio.to_thread(_others, url, seconds))
    began = time.perf_counter()
    sent = 0
    while sent < FLOOD:
        answers = await pool.open_loop(1000, 1.0)
        sent += len(answers.seconds(202))
    took = time.perf_counter() - began
    beside = await watching
    for name in alone:
        _compare(f"{FLOOD:,} jobs of one user in {took:.0f} s, {name}", alone[name], beside[name])


def _others(url: str, seconds: int) -> dict[str, list[float]]:
    """What bob notices: how long a look takes, and a job from submission to result."""
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
    row(f"{name}, alone -> beside", f"{_spread(alone)} -> {_spread(beside)}  p99 ratio {ratio:.1f}")


def _slow_connections(url: str, pid: int, seconds: int) -> None:
    asyncio.run(_measure_slow(url, pid, seconds))


async def _measure_slow(url: str, pid: int, seconds: int) -> None:
    where = urlsplit(url)
    alone = await asyncio.to_thread(_others, url, seconds)
    before = _memory(pid)
    token = await asyncio.to_thread(token_of, url, "alice", "secret123")
    begins = (b"GET / HTTP/1.1\r\nX-Slow: ", submission(url, token).partition(b"\r\n\r\n")[0])
    opened = [await asyncio.open_connection(where.hostname, where.port) for _ in range(SLOW)]
    for number, (_, writer) in enumerate(opened):
        kind = number % 3  # slow headers, slow bodies, and those that never say a word
        if kind < 2:
            writer.write(begins[kind] + (b"\r\n\r\n" if kind else b""))
    watching = asyncio.create_task(asyncio.to_thread(_others, url, seconds))
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
                await asyncio.wait_for(one.read(1), 0.001)
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
