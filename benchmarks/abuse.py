"""What it costs the others when somebody sends what is made to cost: bodies without an end or with
a million keys, ten thousand parts, bombs, tables of nothing but rows, cells that fit no pattern.

    scripts/bench abuse

For each: what it was answered, what others waited for `/healthz` (asked by a process of its own, fifty
times a second), and how much the service's memory grew. The service allows 64 MiB for a body.
"""

import gzip
import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

import httpx2

from benchmarks._probe import probing
from benchmarks._service import percentile, row
from tests.security.server import Server, serving

MIB: Final = 2**20
AT_ONCE: Final = 8
_FORM: Final = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
_FORM_KIND: Final = "multipart/form-data; boundary=b"


def main() -> None:
    """Try all of it, on a fresh service each time."""
    for name, attack in {
        f"{AT_ONCE} bodies of 64 MiB without a length": _without_length,
        f"{AT_ONCE} bodies without an end": _without_end,
        f"{AT_ONCE} forms with a file of 60 MiB": _large_forms,
        "forms of 10,000 parts": _many_parts,
        "JSON with a million keys": _many_keys,
        "JSON 2,000 deep": _deep,
        "JSON of 16 MiB, allowed": _large_json,
        "a bomb: 1 GiB packed": _bomb,
        "a table of 8 million rows": _tiny_rows,
        "cells made to be tried in every way": _cells,
    }.items():
        with serving() as server:
            server.sign_in()
            _measure(name, server, attack)


def _measure(name: str, server: Server, attack: Callable[[Server], str]) -> None:
    with probing(server.url) as alone:
        time.sleep(3)
    before = server.memory()
    with _watched(server) as seen, probing(server.url) as beside:
        began = time.perf_counter()
        told = attack(server)
        took = time.perf_counter() - began
        time.sleep(max(0.0, 3 - took))
    assert server.complaints() == []
    waits = " -> ".join(f"{percentile(one, 0.99) * 1000:.0f}" for one in (alone, beside))
    grown = (max(seen) - before) / MIB
    ratio = percentile(beside, 0.99) / percentile(alone, 0.99)
    row(name, f"{told} in {took:.2f} s; others' p99 ms {waits} ({ratio:.1f}x); +{grown:.0f} MiB")


@contextmanager
def _watched(server: Server) -> Iterator[list[int]]:
    """The service's memory, looked at all the while."""
    seen = [server.memory()]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.append(server.memory())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def _together(one: Callable[[int], str]) -> str:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return str(dict(Counter(pool.map(one, range(AT_ONCE)))))


def _streamed(server: Server, path: str, kind: str, piece: bytes, sent: int) -> str:
    """The status of an upload in chunks, sent until so much was taken or it was refused."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {kind}\r\n"
        f"Authorization: {server.sign_in()['Authorization']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with server.connect() as line:
        with suppress(OSError):
            line.sendall(head.encode())
            for _ in range(sent // len(piece)):
                line.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            line.sendall(b"0\r\n\r\n")
        return _status(line)


def _status(line: socket.socket) -> str:
    try:
        return line.recv(4_096)[9:12].decode() or "cut"
    except OSError:
        return "cut"


def _without_length(server: Server) -> str:
    piece = b"text,label\n" * 5_958
    return _together(lambda _: _streamed(server, "/imports", "text/csv", piece, 64 * MIB))


def _without_end(server: Server) -> str:
    piece = b"text,label\n" * 5_958
    return _together(lambda _: _streamed(server, "/imports", "text/csv", piece, 10_000 * MIB))


def _large_forms(server: Server) -> str:
    token = server.sign_in()

    def send(number: int) -> str:
        body = _FORM + b"text,label\n" + b"%d,x\n" % number * (60 * MIB // 4) + b"\r\n--b--\r\n"
        kind = {"Content-Type": _FORM_KIND}
        answer = httpx2.post(
            f"{server.url}/api/v1/files", content=body, headers=token | kind, timeout=120
        )
        return str(answer.status_code)

    return _together(send)


def _many_parts(server: Server) -> str:
    part = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n'
    return _together(lambda _: _posted(server, "/imports", _FORM_KIND, part * 10_000))


def _many_keys(server: Server) -> str:
    body = b"{" + b",".join(b'"%d":1' % one for one in range(1_000_000)) + b"}"
    return _posted(server, "/api/v1/jobs", "application/json", body)


def _deep(server: Server) -> str:
    return _posted(server, "/api/v1/jobs", "application/json", b"[" * 2_000 + b"]" * 2_000)


def _large_json(server: Server) -> str:
    texts = b",".join(b'"%s"' % (b"word " * 3_200) for _ in range(999))
    body = b'{"texts":[' + texts + b"]}"
    return _posted(server, "/api/v1/jobs/batch-predict", "application/json", body)


def _posted(server: Server, path: str, kind: str, body: bytes) -> str:
    headers = server.sign_in() | {"Content-Type": kind}
    began = time.perf_counter()
    try:
        answer = httpx2.post(f"{server.url}{path}", content=body, headers=headers, timeout=120)
    except httpx2.TransportError:
        return "cut"
    return f"{answer.status_code} after {(time.perf_counter() - began) * 1000:.0f} ms"


def _bomb(server: Server) -> str:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(1_024):
            file.write((b"a" * 1_020 + b",b\n") * 1_024)
    return _imported(server, packed.getvalue(), "application/gzip")


def _tiny_rows(server: Server) -> str:
    return _imported(server, b"a,b\n" + b"1,2\n" * 8_000_000, "text/csv")


def _cells(server: Server) -> str:
    pieces = (b"1", b"1.", b"1 ", b"1:", b"1-", b"a@", b"<")
    rows = b"".join(one * (1_000_000 // len(one)) + b"x;a\n" for one in pieces)
    return _imported(server, b"text;label\n" + rows, "text/csv")


def _imported(server: Server, body: bytes, kind: str) -> str:
    """How an import ended, and what its process needed."""
    headers = server.sign_in() | {"Content-Type": kind}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=600) as client:
        made = client.post("/imports", content=body)
        if made.status_code != 202:
            return str(made.status_code)
        task = made.json()["task_id"]
        while True:
            told = client.get(f"/imports/{task}", headers={"Prefer": "wait=30"}).json()
            if told["status"] not in ("queued", "running"):
                break
        tried = client.get(f"/api/v1/jobs/{task}/attempts").json()
        peak = max((one["peak_memory"] or 0 for one in tried), default=0) / MIB
        return f"{told['status']} (its process had {peak:.0f} MiB)"


if __name__ == "__main__":
    main()
