"""How long others wait, asked from a process of its own: what the load does to its sender's own
process is none of the service's fault.

    python -m benchmarks._probe HOST PORT PATH PER_SECOND [TOKEN] < PIPE

Asks until its input ends, and prints the seconds that each answer took since it was due.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks._open_loop import Pool

CONNECTIONS = 200
"""So that an answer that is late holds up no other question, for four seconds."""


@contextmanager
def probing(
    url: str, path: str = "/healthz", per_second: float = 50, token: str = ""
) -> Iterator[list[float]]:
    """Ask meanwhile, as whoever the token is of; the list has the seconds when it is over."""
    where = urlsplit(url)
    told = [str(where.hostname), str(where.port), path, str(per_second), token]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks._probe", *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it is connected
    found: list[float] = []
    try:
        yield found
    finally:
        told_last, _ = process.communicate()
        found += json.loads(told_last) if process.returncode == 0 else [float("inf")]


async def _main(host: str, port: str, path: str, per_second: str, token: str = "") -> None:
    shown = f"Authorization: Bearer {token}\r\n" if token else ""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{shown}\r\n"
    pool = Pool(host, int(port), request.encode())
    await pool.open(CONNECTIONS)
    print("connected", flush=True)
    over = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    answers = await pool.open_loop(float(per_second), float("inf"), until=over)
    others = Counter(status for _, status in answers.found if status != 200)
    if answers.lost or answers.not_asked or others:
        raise SystemExit(
            f"expected every question to be answered with 200, got: {dict(others) or 'no others'},"
            f" {answers.lost} cut, {answers.not_asked} held up by those before them"
        )
    print(json.dumps(answers.seconds(200)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
