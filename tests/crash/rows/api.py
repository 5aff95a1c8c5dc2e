"""Faults between a client and the API: rows 3, 5, 41 and 42."""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from headway.store.values.history import JobQuery
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.site import MODULE, NOTHING, ROOT, Site, as_variables

JOBS = "/api/v1/jobs"
BODY = {"job_type": "noop", "input": {}}


class Server:
    """`headway serve`, a real process."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        settings: Mapping[str, Any] = NOTHING,
        module: str = "headway",
        before: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        environment = {
            **os.environ,
            "HEADWAY_DATA_DIR": str(directory),
            "HEADWAY_OPERATIONS": MODULE,
            "HEADWAY_SLOTS": "2",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            **as_variables(settings),
        }
        command = [*before, sys.executable, "-m", module, "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http://"))
        self.client = httpx2.Client(base_url=self.url, timeout=60)

    def __enter__(self) -> "Server":
        try:
            eventually(self._answers, within=120)
            form = {"username": "alice", "password": "secret123"}
            token = self.client.post("/token", data=form).json()["access_token"]
        except BaseException:
            self.__exit__()
            raise
        self.headers = {"Authorization": f"Bearer {token}"}
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate(timeout=60)

    def _answers(self) -> bool:
        """It tells its address before it listens there."""
        with suppress(httpx2.ConnectError):
            return self.client.get("/healthz").is_success
        return False

    def submit(self, key: str) -> httpx2.Response:
        """One submission under this key."""
        headers = self.headers | {"Idempotency-Key": key}
        return self.client.post(JOBS, json=BODY, headers=headers)


def _jobs_of(site: Site) -> list[str]:
    """The ids of all jobs there are, newest first."""
    return [job.id for job in site.store.jobs.find(JobQuery(limit=100_000))]


def _serving(site: Site, module: str = "headway") -> Server:
    """The API of a site, which runs nothing."""
    return Server(site.directory, "--no-worker", settings=site.settings, module=module)


def killed_before_the_answer(ground: Ground, count: int, tally: Tally) -> None:
    """Row 3: the API dies after the commit and before the answer; the key finds the job again."""
    site = ground.site()
    made: list[str] = []
    for number in range(count + 1):
        with _serving(site, "tests.crash.mortal") as server:
            if made:  # by the server before this one
                again = server.submit(f"key-{number - 1}")
                if (job := again.json()["job_id"]) != made[0]:
                    tally.broken(f"the key's job is {made[0]}, but {job} was answered")
                if "idempotent-replayed" not in again.headers:
                    tally.broken("a second answer was not called a second one")
                tally.repetitions += 1
            if number == count:
                break
            server.submit(f"before-{number}").raise_for_status()
            (site.directory / "die").touch()
            try:
                tally.broken(f"it was answered: {server.submit(f'key-{number}')}")
            except httpx2.TransportError:
                server.process.wait(60)
        made = _jobs_of(site)
    _expect(2 * count, site, tally)


def _expect(count: int, site: Site, tally: Tally) -> None:
    if (found := len(_jobs_of(site))) != count:
        tally.broken(f"expected {count} jobs, got {found}")


def stopped_while_busy(ground: Ground, count: int, tally: Tally) -> None:
    """Row 5: SIGTERM with 20 streams, running jobs, uploads and requests on their way."""
    for _ in range(count):
        with Server(ground.directory(), "--slots", "2") as server:
            running = _submit(server, {"job_type": "in_c_code", "input": {}})
            with ExitStack() as open_streams:
                streams = [_stream(open_streams, server, running) for _ in range(20)]
                requests = _requests(server)
                eventually(lambda server=server: _has_read(server))  # type: ignore[misc]
                with clock() as passed:
                    server.process.send_signal(signal.SIGTERM)
                    for one in requests:
                        one.finish()
                    answers = [one.status() for one in requests]
                    ends = [_last_lines(lines) for lines in streams]
                    code = server.process.wait(120)
                    tally.took("exit", passed(), bound=10)
            if code != 0:
                tally.broken(f"exit code {code}")
            if unmarked := sum(not any(one.startswith("retry: ") for one in end) for end in ends):
                tally.broken(f"{unmarked} streams ended without a mark")
            if set(answers) != {"202"}:
                tally.broken(f"requests under way were answered with {Counter(answers)}")
        tally.repetitions += 1


def _submit(server: Server, body: dict[str, Any]) -> str:
    answer = server.client.post(JOBS, json=body, headers=server.headers)
    answer.raise_for_status()
    return str(answer.json()["poll_url"])


def _stream(stack: ExitStack, server: Server, url: str) -> Any:
    client = stack.enter_context(httpx2.Client(base_url=server.url, timeout=60))
    stream = stack.enter_context(client.stream("GET", f"{url}/stream", headers=server.headers))
    lines = stream.iter_lines()
    next(line for line in lines if line.startswith("data:"))
    return lines


def _last_lines(lines: Any) -> list[str]:
    try:
        return list(lines)[-2:]
    except httpx2.TransportError as error:
        return [repr(error)]


@dataclass
class HalfSent:
    """A request whose second half is still to be sent: the server is at work on it."""

    line: socket.socket
    rest: bytes

    def finish(self) -> None:
        """Send the rest; that the line is cut is told by `status`."""
        with suppress(OSError):
            self.line.sendall(self.rest)

    def status(self) -> str:
        """The status of the answer, or what was raised."""
        try:
            return self.line.recv(4096).split(b" ")[1].decode()
        except (OSError, IndexError) as error:
            return repr(error)
        finally:
            self.line.close()


def _requests(server: Server) -> list[HalfSent]:
    """Fifty submissions and five uploads, half of each on its way."""
    upload = b"text,label\n" + b"hello,a\n" * 10_000
    started = [_half(server, "/imports", "text/csv", upload) for _ in range(5)]
    body = json.dumps(BODY).encode()
    return started + [_half(server, JOBS, "application/json", body) for _ in range(50)]


def _half(server: Server, path: str, kind: str, body: bytes) -> HalfSent:
    address = urlsplit(server.url)
    line = socket.create_connection((address.hostname, address.port or 80), timeout=60)
    line.sendall(_head(server, path, kind, body) + body[: len(body) // 2])
    return HalfSent(line, body[len(body) // 2 :])


def _has_read(server: Server) -> bool:
    """Whether nothing that was sent waits for the server to take it: no connection, and no byte."""
    here = f":{urlsplit(server.url).port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return all(int(line[4].partition(":")[2], 16) == 0 for line in lines if line[1].endswith(here))


def _head(server: Server, path: str, kind: str, body: bytes, **headers: str) -> bytes:
    lines = {
        "Host": urlsplit(server.url).netloc,
        "Authorization": server.headers["Authorization"],
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        **headers,
    }
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{told}\r\n".encode()


def one_key_at_once(ground: Ground, count: int, tally: Tally) -> None:
    """Row 41: fifty requests with one key at the same moment make one job."""
    site = ground.site()
    with _serving(site) as server, ThreadPoolExecutor(50) as pool:
        limits = httpx2.Limits(max_connections=50, max_keepalive_connections=50)
        with httpx2.Client(base_url=server.url, timeout=60, limits=limits) as client:
            for _ in range(count):
                _one_key(client, server, pool, tally)
                tally.repetitions += 1
    _expect(count, site, tally)


def _one_key(client: httpx2.Client, server: Server, pool: ThreadPoolExecutor, tally: Tally) -> None:
    together = threading.Barrier(50)
    headers = server.headers | {"Idempotency-Key": uuid4().hex}

    def one(_: int) -> httpx2.Response:
        together.wait()
        return client.post(JOBS, json=BODY, headers=headers)

    answers = list(pool.map(one, range(50)))
    if (codes := {one.status_code for one in answers}) - {202, 409}:
        tally.broken(f"answered with {codes}")
    if len({one.json()["job_id"] for one in answers if one.status_code == 202}) != 1:
        tally.broken("one key gave several jobs")


def response_lost(ground: Ground, count: int, tally: Tally) -> None:
    """Row 42: the connection is cut before, while or after the answer is written."""
    site = ground.site()
    chance = random.Random(42)
    with _serving(site) as server:
        for number in range(count):
            key = f"key-{number}"
            _send_and_cut(server, key, chance.choice(("at once", "soon", "after the first byte")))
            first = server.submit(key).json()["job_id"]
            if server.submit(key).json()["job_id"] != first:
                tally.broken("one key gave two jobs")
            tally.repetitions += 1
    _expect(count, site, tally)


def _send_and_cut(server: Server, key: str, when: str) -> None:
    address = urlsplit(server.url)
    body = json.dumps(BODY).encode()
    head = _head(server, JOBS, "application/json", body, **{"Idempotency-Key": key})
    with socket.create_connection((address.hostname, address.port or 80), timeout=60) as line:
        line.sendall(head + body)
        if when == "soon":
            time.sleep(0.002)  # the point: any moment of the request's life
        elif when == "after the first byte":
            line.recv(1)
        # With a reset, not an orderly end: the answer is gone for good.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


ROWS = (
    Row(3, "API killed after the commit, before its answer", killed_before_the_answer, 1, 200, everywhere=True),
    Row(5, "SIGTERM to the API with streams and requests", stopped_while_busy, 0, 20),
    Row(41, "one key, fifty requests at once", one_key_at_once, 2, 100, everywhere=True),
    Row(42, "answer lost, client repeats", response_lost, 10, 500, everywhere=True),
)  # fmt: skip
