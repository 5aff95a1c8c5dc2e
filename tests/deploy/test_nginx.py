"""The example for nginx is one that nginx takes, and it lets streams and sockets through as they come."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from tests.deploy.site import DEPLOY, FAILURES, PATIENCE, Site
from tests.http.sse import events_of
from tests.ports import free_port
from tests.waiting import A_START, eventually

pytestmark = [pytest.mark.service("nginx"), pytest.mark.timeout(2 * PATIENCE)]

PASSWORD = "correct horse battery staple 9"
AROUND = """
daemon off; pid {home}/nginx.pid; error_log {home}/nginx-error.log;
events {{}}
http {{
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    {inner}
}}
"""


@pytest.fixture(scope="module")
def url(site: Site) -> Iterator[str]:
    """Two API processes behind nginx, and a user of theirs."""
    added = site.run(
        str(DEPLOY / "entrypoint"), "headway", "users", "add", "carol", input=f"{PASSWORD}\n"
    )
    assert added.returncode == 0, added.stderr
    with behind_nginx(site, free_port()) as url:
        yield url


def test_two_processes_behind_nginx_are_one_service(url: str) -> None:
    """A job that nobody works on is watched on a stream and on a socket while it waits, and cancelled meanwhile."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        headers = signed_in(client)
        body = {"job_type": "batch_predict", "input": {"texts": ["fine"]}}
        job = client.post("/api/v1/jobs", json=body, headers=headers).json()["job_id"]
        path = f"/api/v1/jobs/{job}"
        socket_url = f"{url.replace('http', 'ws')}/ws/jobs/{job}"
        with (
            client.stream("GET", f"{path}/stream", headers=headers) as stream,
            connect(socket_url, additional_headers=headers) as talk,
        ):
            events = events_of(stream.iter_lines())
            next(events)  # it came while the stream is open: nothing was held back
            assert json.loads(talk.recv(timeout=60))
            assert client.get(path, headers=headers).json()["status"] == "pending"
            client.post(f"{path}/cancel", headers=headers).raise_for_status()
            assert [*events][-1].data["status"] == "cancelled"
        answers = [client.get("/healthz", headers={"X-Request-ID": "mine"}) for _ in range(4)]
        assert {one.headers["X-Request-ID"] for one in answers} == {"mine"}


def test_a_client_is_known_by_its_own_address_whatever_it_claims(url: str) -> None:
    """Who guesses passwords shuts himself out, and not whose they are: he is at another address."""
    guesser = httpx2.HTTPTransport(local_address="127.0.0.2")
    claim = {"X-Forwarded-For": "127.0.0.1"}
    guess = {"username": "carol", "password": "guessed"}
    with httpx2.Client(base_url=url, timeout=60, transport=guesser, headers=claim) as client:
        answers = [client.post("/token", data=guess).status_code for _ in range(FAILURES + 1)]
    assert answers == [HTTPStatus.UNAUTHORIZED] * FAILURES + [HTTPStatus.TOO_MANY_REQUESTS]
    with httpx2.Client(base_url=url, timeout=60) as client:
        assert signed_in(client)


def signed_in(client: httpx2.Client) -> dict[str, str]:
    answer = client.post("/token", data={"username": "carol", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@contextmanager
def behind_nginx(site: Site, port: int) -> Iterator[str]:
    """Two API processes, and the files of `deploy/nginx/` with their ports and folders."""
    with ExitStack() as stack:
        ports = [stack.enter_context(site.serving("--no-worker"))[1] for _ in range(2)]
        file = configured(site, port, ports)
        checked = site.run("nginx", "-t", "-c", str(file))
        assert checked.returncode == 0, checked.stderr
        nginx = stack.enter_context(site.running("nginx", "-c", str(file)))
        url = f"http://127.0.0.1:{port}"
        wait_for(url, nginx)
        yield url


def configured(site: Site, port: int, ports: list[int]) -> Path:
    parts = [(DEPLOY / "nginx" / name).read_text() for name in ("upstream.conf", "headway.conf")]
    inner = (
        "\n".join(parts)
        .replace("127.0.0.1:8001", f"127.0.0.1:{ports[0]}")
        .replace("127.0.0.1:8002", f"127.0.0.1:{ports[1]}")
        .replace("listen 80;", f"listen 127.0.0.1:{port};")
        .replace("/var/log/nginx", str(site.home))
    )
    assert not re.search(r"127\.0\.0\.1:800\d", inner)
    file = site.home / "nginx.conf"
    file.write_text(AROUND.format(home=site.home, inner=inner))
    return file


def wait_for(url: str, nginx: subprocess.Popen[str]) -> None:
    def answers() -> bool:
        assert nginx.poll() is None, f"expected nginx on {url}, got exit code {nginx.poll()}"
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{url}/healthz").status_code == HTTPStatus.OK
        return False

    eventually(answers, within=A_START)
