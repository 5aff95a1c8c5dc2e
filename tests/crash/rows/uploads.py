"""Bodies that lie about themselves, and files that broke others: rows 48 and 49."""

import csv
import random
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from benchmarks._probe import probing
from benchmarks._service import percentile
from tests.conftest import REAL_DATA
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.crash.rows.api import Server
from tests.waiting import eventually

SMALL: Final = {"max_body_mb": 1}
TORTURE: Final = REAL_DATA / "csv-torture"
_CSV: Final = b"text,label\n" + b"hello there,greeting\n" * 20_000
_FORM: Final = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n' + _CSV
)
"""Without its end."""
_KINDS: Final = {"text/csv": _CSV, "multipart/form-data; boundary=b": _FORM}


def bodies_that_lie(ground: Ground, count: int, tally: Tally) -> None:
    """Row 48: an upload is cut, is shorter than it says, or has no end; nothing is left of it."""
    directory = ground.directory()
    chance = random.Random(48)
    with Server(directory, "--no-worker", settings=SMALL) as server:
        for _ in range(count):
            lie = chance.choice((_cut, _too_short, _endless))
            if (wrong := lie(server, chance)) is not None:
                tally.broken(wrong)
            tally.repetitions += 1
        with clock() as passed:
            eventually(lambda: not _temporary_files(directory), within=60)
            tally.took("temporary files gone", passed(), bound=60)
        for path, kind in (("/api/v1/files", "files"), ("/api/v1/jobs", "jobs")):
            if made := server.client.get(path, headers=server.headers).json():
                tally.broken(f"{len(made)} {kind} were made")


@contextmanager
def _upload(server: Server, chance: random.Random, length: str) -> Iterator[socket.socket]:
    """A connection that has sent the head of an upload."""
    where = urlsplit(server.url)
    path, kind = chance.choice(("/imports", "/api/v1/files")), chance.choice(list(_KINDS))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: {kind}\r\n{length}\r\n"
        f"Authorization: {server.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port or 0), timeout=60) as line:
        line.sendall(head.encode())
        yield line


def _cut(server: Server, chance: random.Random) -> str | None:
    """The connection is reset, or ends, in the middle."""
    body = chance.choice(list(_KINDS.values()))
    with _upload(server, chance, f"Content-Length: {len(body)}") as line:
        line.sendall(body[: chance.randrange(len(body))])
        if chance.random() < 0.5:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return None


def _too_short(server: Server, chance: random.Random) -> str | None:
    """All is sent that there is, and no more will come: nobody may take it for the whole."""
    with _upload(server, chance, f"Content-Length: {len(_CSV) + 50_000}") as line:
        line.sendall(_CSV)
        line.shutdown(socket.SHUT_WR)
        return _accepted(line)


def _endless(server: Server, chance: random.Random) -> str | None:
    """Chunks without an end: refused at the limit, whatever comes behind."""
    piece = _CSV[:65_536]
    sent = 0
    with _upload(server, chance, "Transfer-Encoding: chunked") as line:
        with suppress(ConnectionError):
            while sent < 64 * 2**20:
                line.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
            return f"it took {sent} bytes of an upload without an end"
        return _accepted(line)


def _accepted(line: socket.socket) -> str | None:
    with suppress(ConnectionError):
        answer = line.recv(4_096)
        if answer and not answer.startswith(b"HTTP/1.1 4"):
            return f"it was answered with {answer[:60]!r}"
    return None


def _temporary_files(directory: Path) -> list[Path]:
    return list((directory / "artifacts" / "incoming").glob("*"))


def tortured_while_others_ask(ground: Ground, count: int, tally: Tally) -> None:
    """Row 49: files that broke readers come in while others are answered as ever."""
    files = random.Random(49).sample(_files(), count)
    statuses: Counter[int] = Counter()
    with Server(ground.directory()) as server, ThreadPoolExecutor(4) as pool:
        with probing(server.url) as waits:
            for outcome in pool.map(lambda path: _imported(server, path, statuses), files):
                tally.repetitions += 1
                if outcome is not None:
                    tally.broken(outcome)
        tally.took("99 of 100 answers to others", percentile(waits, 0.99), bound=0.1)
    if errors := {status: n for status, n in statuses.items() if status >= 500}:
        tally.broken(f"server errors: {errors}")


def _files() -> list[Path]:
    with (TORTURE / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        return [TORTURE / entry["file"] for entry in csv.DictReader(file)]


def _imported(server: Server, path: Path, statuses: Counter[int]) -> str | None:
    """What is wrong with how the file was taken; None where it was imported, or refused with why."""
    kind = {"Content-Type": "text/csv", **server.headers}
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        made = client.post("/imports", content=path.read_bytes(), headers=kind)
        statuses[made.status_code] += 1
        if made.status_code != 202:
            return None if made.json()["detail"] else f"{path}: refused without a word"
        url = f"/imports/{made.json()['task_id']}"
        for _ in range(4):
            answer = client.get(url, headers=server.headers | {"Prefer": "wait=30"})
            statuses[answer.status_code] += 1
            told = answer.json()
            if told["status"] == "complete":
                counts = told["counts"]
                short = counts["row_errors"] and not told["row_errors"]
                return f"{path}: rows went missing without a word" if short else None
            if told["status"] == "failed":
                return None if told["error"] else f"{path}: failed without a word"
    return f"{path}: its import did not end"


def _no_torture() -> str | None:
    return None if TORTURE.is_dir() else f"expected the files of {TORTURE}"


ROWS = (
    Row(48, "uploads cut, too short or without an end", bodies_that_lie, 6, 100),
    Row(49, "files that broke readers, in live traffic", tortured_while_others_ask, 0, 474,
        barred=_no_torture),
)  # fmt: skip
