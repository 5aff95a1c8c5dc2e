"""Who may knock, and what each answer carries."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from headway.http.app import create_app
from headway.http.border import Border
from headway.http.detached import goes_on_later
from headway.http.in_flight import InFlight
from headway.settings import Settings


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "testclient"]
)
def test_this_host_is_answered(app: FastAPI, host: str) -> None:
    """Every loopback address is this host, and so is the test client."""
    assert TestClient(app, client=(host, 5000)).get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["192.168.1.7", "8.8.8.8", "::ffff:8.8.8.8", "fe80::1%eth0", "x"])
def test_other_hosts_are_refused_in_development_mode(app: FastAPI, host: str) -> None:
    """The demo users' passwords are published, so nobody else may come near, with the reason."""
    answer = TestClient(app, client=(host, 5000)).get("/healthz")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "HEADWAY_ALLOW_REMOTE" in answer.json()["detail"]
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_was_forwarded_is_refused_in_development_mode(client: TestClient, header: str) -> None:
    """A server that trusts every proxy believes anybody that he is this host."""
    answer = client.get("/healthz", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "remote_refused")
    assert header in answer.json()["detail"]


OURS = [
    "localhost",
    "LOCALHOST:8000",
    "app.localhost",
    "localhost.",
    "127.0.0.1:8000",
    "[::1]:8000",
    "192.168.1.7",
    "devbox:80",
    "testserver",
]
FOREIGN = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example."]


@pytest.mark.parametrize("host", OURS)
def test_this_host_is_called_by_a_name_of_its_own(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_name_that_leads_here_is_not_ours_in_development_mode(
    client: TestClient, host: str
) -> None:
    """A page of that site would be of one origin with us, and could import without a token."""
    headers = {"Host": host, "Origin": f"http://{host}"}
    answer = client.post("/imports", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_host")
    assert "localhost" in answer.json()["detail"]
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/ws/jobs/x", headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    "settings",
    [
        {"allow_remote": True},
        {"mode": "production", "secret_key": "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p"},
    ],
    ids=["allowed", "production"],
)
def test_other_hosts_are_answered_where_a_setting_says_so(
    data_dir: Path, settings: dict[str, object]
) -> None:
    """A setting allows it, and production mode has no demo users."""
    app = create_app(Settings.model_validate({"data_dir": data_dir, **settings}))
    stranger = TestClient(app, client=("8.8.8.8", 5000), base_url="https://service.example")
    assert stranger.get("/healthz").status_code == 200
    assert stranger.get("/healthz", headers={"X-Forwarded-For": "8.8.4.4"}).status_code == 200


def test_the_request_id_is_echoed(client: TestClient) -> None:
    """A client's own id comes back."""
    answer = client.get("/healthz", headers={"X-Request-ID": "a-b.c:1"})
    assert answer.headers["x-request-id"] == "a-b.c:1"


@pytest.mark.parametrize("unfit", ["", "x" * 129, "a b", "ü", "<script>"])
def test_an_unfit_request_id_is_replaced(client: TestClient, unfit: str) -> None:
    """What could confuse a log is not echoed."""
    answer = client.get("/healthz", headers={b"X-Request-ID": unfit.encode("latin-1")})
    assert answer.headers["x-request-id"] not in ("", unfit)


def test_every_answer_forbids_guessing_its_type(client: TestClient) -> None:
    """`nosniff` and its like stand on errors too."""
    for path in ("/", "/docs", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("is_bare", [True, False])
def test_what_goes_on_for_hours_does_so_when_all_in_between_has_returned(is_bare: bool) -> None:
    """With the scope as it came; where somebody in between may want to see the answer, he does."""
    seen: list[tuple[str, bool]] = []

    async def going_on(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(("goes on", "left behind" in scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["left behind"] = True
        if not goes_on_later(scope, going_on):
            await going_on(scope, receive, send)
        seen.append(("returns", True))

    border = Border(app, InFlight(1), local_only=False, is_bare=is_bare)
    answer = TestClient(border).get("/api/v1/jobs/stream")
    assert answer.headers["x-content-type-options"] == "nosniff"
    later = [("returns", True), ("goes on", False)]
    assert seen == (later if is_bare else [("goes on", True), ("returns", True)])
