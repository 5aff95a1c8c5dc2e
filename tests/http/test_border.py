"""Who may knock, and what each answer carries."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from headway.http.app import create_app
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
    assert TestClient(app, client=("8.8.8.8", 5000)).get("/healthz").status_code == 200


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
