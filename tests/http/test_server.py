"""The application over a real socket: start, restart, stop, several processes."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from headway.http.app import create_app
from headway.settings import Settings
from tests.http.conftest import OPERATIONS, Gate, Headers
from tests.http.test_stream import events_of
from tests.postgres import fresh_database
from tests.waiting import AT_ONCE

JOBS = "/api/v1/jobs"


class Server:
    """A process of `uvicorn app.main:app`."""

    def __init__(self, process: "subprocess.Popen[str]", client: httpx2.Client) -> None:
        self.process = process
        self.client = client

    def sign_in(self) -> Headers:
        form = {"username": "alice", "password": "secret123"}
        token = self.client.post("/token", data=form).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Serve = Callable[..., Server]


@pytest.fixture
def serve(data_dir: Path) -> Iterator[Serve]:
    with ExitStack() as stack:

        def serve(*options: str, **settings: str) -> Server:
            return stack.enter_context(running(data_dir, *options, **settings))

        yield serve


@contextmanager
def running(data_dir: Path, *options: str, **settings: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0", *options]
    environment = os.environ | {
        "HEADWAY_DATA_DIR": str(data_dir),
        "HEADWAY_GRACE": "1",
        "HEADWAY_OPERATIONS": ",".join(OPERATIONS),
        **{f"HEADWAY_{name.upper()}": value for name, value in settings.items()},
    }
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        with httpx2.Client(base_url=_url_once_ready(process), timeout=30) as client:
            yield Server(process, client)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _url_once_ready(process: "subprocess.Popen[str]") -> str:
    """The address, once a worker listens there: with several, the parent tells it before."""
    assert process.stderr is not None
    url, is_ready = "", False
    while not (url and is_ready):
        line = process.stderr.readline()
        assert line, "the server has ended"
        is_ready = is_ready or "startup complete" in line
        url = url or next((word for word in line.split() if word.startswith("http://")), "")
    return url


def test_a_stream_ends_when_the_server_is_told_to_stop(serve: Serve, gate: Gate) -> None:
    """With a `retry:`, at once, although its job has not ended; the exit is clean."""
    server = serve()
    alice = server.sign_in()
    body = {"job_type": "steps", "input": gate.input(1)}
    url = server.client.post(JOBS, json=body, headers=alice).json()["poll_url"]
    with server.client.stream("GET", f"{url}/stream", headers=alice) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line.startswith("data:"))
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        retry, end = list(lines)[-2:]
        assert re.fullmatch(r"retry: \d{3,4}", retry)
        assert end == ""
        assert time.monotonic() - told < AT_ONCE
    assert server.process.wait(60) in (0, -signal.SIGTERM)


def test_a_job_and_its_stream_go_on_after_a_restart(serve: Serve, gate: Gate) -> None:
    """The token still works, the job continues by itself, and no event is lost or doubled."""
    server = serve()
    alice = server.sign_in()
    body = {"job_type": "steps", "input": gate.input(3)}
    url = server.client.post(JOBS, json=body, headers=alice).json()["poll_url"]
    seen = []
    gate.open()
    with server.client.stream("GET", f"{url}/stream?after=0", headers=alice) as stream:
        for event in events_of(stream.iter_lines()):
            seen.append(event)
            if event.event == "checkpoint":
                break
    server.stop()
    gate.open(2)
    server = serve()
    last = [one.id for one in seen if one.id is not None][-1]
    headers = alice | {"Last-Event-ID": str(last)}
    with server.client.stream("GET", f"{url}/stream", headers=headers) as stream:
        seen += list(events_of(stream.iter_lines()))
    ids = [one.id for one in seen if one.id is not None]
    assert ids == list(range(1, len(ids) + 1))
    assert seen[-1].data["status"] == "completed"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service("postgres"))])
def stored(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings of each kind of store."""
    if request.param == "sqlite":
        yield {}
    else:
        with fresh_database() as url:
            yield {"database_url": url}


def test_any_process_of_a_service_will_do(stored: dict[str, str], serve: Serve, gate: Gate) -> None:
    """Tokens, jobs and tickets are the same everywhere, and a stream that one process began goes
    on at the other, without a gap."""
    one, other = serve(**stored), serve(**stored)
    alice = one.sign_in()
    body = {"job_type": "steps", "input": gate.input(2)}
    url = one.client.post(JOBS, json=body, headers=alice).json()["poll_url"]
    gate.open()
    seen = []
    with one.client.stream("GET", f"{url}/stream?after=0", headers=alice) as stream:
        for event in events_of(stream.iter_lines()):
            seen.append(event)
            if event.event == "checkpoint":
                break
    last = next(event.id for event in reversed(seen) if event.id is not None)
    with other.client.stream(
        "GET", f"{url}/stream", headers=alice | {"Last-Event-ID": str(last)}
    ) as stream:
        events = events_of(stream.iter_lines())
        seen.append(next(events))
        gate.open()
        seen += events
    ids = [event.id for event in seen if event.id is not None]
    assert ids == list(range(1, len(ids) + 1))
    assert seen[-1].data["status"] == "completed"
    assert [takes(process, url, ticket_of(one, alice)) for process in (other, one)] == [True] * 2
    ticket = ticket_of(one, alice)
    assert [takes(process, url, ticket) for process in (other, one, other)] == [
        True,
        False,
        False,
    ]


def ticket_of(server: Server, headers: Headers) -> str:
    answer = server.client.post("/api/v1/tickets", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


def takes(server: Server, url: str, ticket: str) -> bool:
    """Whether a WebSocket of this process is opened for the ticket."""
    where = str(
        server.client.base_url.copy_with(
            scheme="ws", path=f"/ws/jobs/{url.rsplit('/', maxsplit=1)[-1]}"
        )
    )
    with connect(f"{where}?ticket={ticket}") as socket:
        try:
            return "job_id" in json.loads(socket.recv(30))["data"]
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else None
    assert code == 4401
    return False


def test_several_workers_of_one_server_agree(serve: Serve, free_port: int) -> None:
    """`uvicorn --workers 2`: whichever answers, the job is there."""
    server = serve("--workers", "2", "--port", str(free_port))
    alice = server.sign_in()
    answer = server.client.post(JOBS, json={"job_type": "nothing"}, headers=alice)
    for _ in range(8):
        with httpx2.Client(base_url=server.client.base_url, timeout=30) as client:
            headers = alice | {"Prefer": "wait=30"}
            assert client.get(answer.json()["poll_url"], headers=headers).status_code == 200


@pytest.fixture(scope="module")
def bounded(clean_session: None) -> Iterator[Server]:
    """A server that takes a mebibyte, for all who send more."""
    with (
        tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "data", max_body_mb="1") as server,
    ):
        yield server


def endless(start: bytes) -> Iterator[bytes]:
    yield start
    while True:
        yield b"x" * 65_536


@pytest.mark.parametrize(
    ("path", "start", "kind"),
    [
        ("/imports", b"a,b\n", "text/csv"),
        (
            "/imports",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n',
            "multipart/form-data; boundary=b",
        ),
        (JOBS, b'{"job_type": "', "application/json"),
        ("/token", b"username=", "application/x-www-form-urlencoded"),
    ],
    ids=["raw", "form", "json", "sign-in"],
)
def test_an_endless_body_is_cut_off(bounded: Server, path: str, start: bytes, kind: str) -> None:
    """Once more has come than is allowed, the answer is 413."""
    headers = bounded.sign_in() | {"Content-Type": kind}
    answer = bounded.client.post(path, content=endless(start), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert bounded.client.get("/healthz").status_code == 200


def test_a_stranger_s_endless_body_is_not_read(bounded: Server) -> None:
    """Without a token it is 401, and the connection is closed."""
    answer = bounded.client.post(JOBS, content=endless(b"{"))
    assert answer.status_code == 401


def test_a_lifespan_opens_and_closes_the_service(data_dir: Path) -> None:
    """And the application can be used again after it."""
    app = create_app(Settings(data_dir=data_dir, operations=OPERATIONS))
    for _ in range(2):
        with TestClient(app) as client:
            form = {"username": "alice", "password": "secret123"}
            token = client.post("/token", data=form).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=30"}
            job = client.post(JOBS, json={"job_type": "nothing"}, headers=headers).json()
            assert job["status"] == "completed", json.dumps(job)


def test_a_service_nobody_has_asked_opens_nothing(data_dir: Path) -> None:
    """Making the application touches no disk."""
    create_app(Settings(data_dir=data_dir))
    assert not data_dir.exists()
