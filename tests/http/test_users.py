"""Signing in, tokens, and what a user did so far."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.http.application import Application
from headway.identity import accounts
from headway.identity.demo import DEMO_USERS
from headway.identity.hashing import hashed
from headway.identity.tokens import BadToken, Tokens, signing_secret
from headway.settings import Settings
from tests.http.conftest import Headers, sign_in

ME = "/api/v1/users/me"


def test_a_password_buys_a_token(client: TestClient) -> None:
    """The OAuth2 password form gives a bearer token that no cache may keep."""
    form = {"username": "alice", "password": "secret123", "grant_type": "password"}
    answer = client.post("/token", data=form)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 3600
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong"),
        ("nobody", "secret123"),
        ("a\0", "b\0"),
        ("alice", "x" * 5000),
    ],
)
def test_a_wrong_password_and_an_unknown_user_look_the_same(
    client: TestClient, name: str, password: str
) -> None:
    """401, and nothing tells which of the two it was."""
    answer = client.post("/token", data={"username": name, "password": password})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Incorrect username or password"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_huge_form_is_refused(client: TestClient) -> None:
    """413 before a megabyte of password is hashed."""
    answer = client.post("/token", data={"username": "alice", "password": "x" * 1_000_000})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_multipart_form_is_a_form_too(client: TestClient) -> None:
    """Some clients know no other."""
    form = {"username": (None, "alice"), "password": (None, "secret123")}
    assert client.post("/token", files=form).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json", 415), ("text/plain", 415), ("", 415), ("multipart/form-data", 400)],
)
def test_what_is_no_form_is_refused(client: TestClient, kind: str, status: int) -> None:
    """Only a form can sign in."""
    body = b'{"username": "alice", "password": "secret123"}'
    answer = client.post("/token", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_another_grant_is_422(client: TestClient) -> None:
    """Only passwords are exchanged here."""
    form = {"username": "alice", "password": "secret123", "grant_type": "client_credentials"}
    assert client.post("/token", data=form).status_code == 422


def test_a_password_in_the_address_is_not_looked_at(client: TestClient) -> None:
    """Addresses stand in logs, in histories and on screens."""
    told = {"username": "alice", "password": "secret123"}
    assert client.post("/token", params=told).status_code == 415
    assert client.post("/token", params=told, data={"grant_type": "password"}).status_code == 422
    assert client.get("/token", params=told).status_code == 405


def test_a_form_without_a_password_is_422_and_is_not_echoed(client: TestClient) -> None:
    """What somebody typed is never sent back."""
    answer = client.post("/token", data={"password": "hunter2"})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_a_profile_counts_predictions_and_submissions(client: TestClient, bob: Headers) -> None:
    """`request_count` grows by the user's predictions and jobs, and by nothing else."""
    before = client.get(ME, headers=bob).json()
    client.post("/api/v1/predict", json={"text": "where is my parcel"}, headers=bob)
    client.post("/api/v1/jobs", json={"job_type": "nothing"}, headers=bob)
    client.get("/api/v1/jobs", headers=bob)
    after = client.get(ME, headers=bob).json()
    assert after["username"] == "bob"
    assert after["request_count"] == before["request_count"] + 2
    assert after["last_request_time"] > (before["last_request_time"] or "")


NO_TOKENS: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "empty": lambda: "",
    "basic": lambda: "Basic YWxpY2U6c2VjcmV0MTIz",
    "no token": lambda: "Bearer",
    "garbage": lambda: "Bearer x.y.z",
    "not ascii": lambda: "Bearer äöü",
    "huge": lambda: "Bearer " + "x" * 60_000,
}


@pytest.mark.parametrize("given", NO_TOKENS.values(), ids=NO_TOKENS.keys())
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ME),
        ("POST", "/api/v1/predict"),
        ("GET", "/api/v1/jobs"),
        ("POST", "/api/v1/jobs"),
        ("POST", "/api/v1/jobs/batch-predict"),
        ("GET", "/api/v1/jobs/x"),
        ("DELETE", "/api/v1/jobs/x"),
        ("GET", "/api/v1/jobs/x/stream"),
        ("POST", "/api/v1/tickets"),
        ("GET", "/api/v1/operations"),
    ],
)
def test_without_a_valid_token_nothing_is_answered(
    client: TestClient, method: str, path: str, given: Callable[[], str | None]
) -> None:
    """401 on every call, before anything of the request is looked at."""
    header = given()
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    answer = client.request(method, path, headers=headers, content=b"not json")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_route_below_api_wants_a_token(app: Application, client: TestClient) -> None:
    """No route can be added that forgets to ask."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            if path.startswith("/api/v1"):
                answer = client.request(method, path.replace("{job_id}", "x"))
                assert answer.status_code == 401, (method, path)


@pytest.fixture
def secret(app: Application, alice: Headers) -> bytes:
    """What tokens are signed with; alice is there since she signed in."""
    return signing_secret(app.parts.open().settings)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"sub": "alice", "aud": "headway-api", "iss": "headway-development"}
    return good | {"iat": now, "exp": now + 60, "jti": "1", "gen": 0} | changes


def unsigned(header: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims())]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_a_token_with_our_claims_is_good(client: TestClient, secret: bytes) -> None:
    """The forgeries below fail for what they change, not for what they are made with."""
    token = jwt.encode(claims(), secret, "HS256")
    assert client.get(ME, headers={"Authorization": f"bearer {token}"}).status_code == 200


NOW = int(time.time())  # names of the cases must not show it: each test process has its own


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW - 1},
        {"exp": str(NOW + 3600)},
        {"exp": float("inf")},
        {"exp": None},
        {"aud": "headway-ticket"},
        {"aud": ["headway-api", "other"]},
        {"iss": "headway-production"},
        {"sub": "nobody"},
        {"sub": 7},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"jti": None},
    ],
    ids=[
        "expired",
        "text for a time",
        "endless",
        "no expiry",
        "another audience",
        "two audiences",
        "another issuer",
        "unknown user",
        "user without a name",
        "not valid yet",
        "from the future",
        "no id",
    ],
)
def test_a_token_with_other_claims_is_none(
    client: TestClient, secret: bytes, changed: dict[str, Any]
) -> None:
    """Every claim is required, and each must be as we write it."""
    token = jwt.encode(claims(**changed), secret, "HS256")
    assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", 0, None, "HS512"], ids=repr)
def test_a_token_of_another_algorithm_is_none(
    client: TestClient, secret: bytes, algorithm: Any
) -> None:
    """The header cannot choose how it is checked."""
    if algorithm == "HS512":
        token = jwt.encode(claims(), secret + b"0" * 64, "HS512")
    else:
        token = unsigned({"alg": algorithm, "typ": "JWT"})
    assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize(
    "extra", [{"kid": "../x"}, {"jku": "http://x"}, {"crit": ["x"]}, {"b64": False}]
)
def test_a_token_with_more_in_its_header_is_none(
    client: TestClient, secret: bytes, extra: dict[str, Any]
) -> None:
    """Nothing in a header is followed, because nothing may stand there."""
    token = jwt.encode(claims(), secret, "HS256", headers=extra)
    assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_believed_token_still_expires(
    app: Application, client: TestClient, secret: bytes
) -> None:
    """That a token was checked a moment ago does not make it outlive itself."""
    token = jwt.encode(claims(exp=int(time.time()) + 60), secret, "HS256")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get(ME, headers=headers).status_code == 200
    later = time.time() + 61
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headway.identity.accounts.time.time", lambda: later)
        assert client.get(ME, headers=headers).status_code == 401


def test_a_disabled_user_is_out(
    app: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """403, once what was believed of his token has been checked again; and no sign-in."""
    monkeypatch.setattr(accounts, "_TRUSTED_SECONDS", 0.0)
    users = app.parts.open().service.store.users
    users.add("dora", hashed("a fine day for it"))
    dora = sign_in(client, "dora", "a fine day for it")
    users.change("dora", disabled=True)
    assert client.get(ME, headers=dora).status_code == 403
    form = {"username": "dora", "password": "a fine day for it"}
    assert client.post("/token", data=form).status_code == 401
    users.change("dora", disabled=False)
    assert client.get(ME, headers=dora).status_code == 401  # what was void stays void
    assert client.post("/token", data=form).status_code == 200


PRODUCTION = {
    "mode": "production",
    "secret_key": "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p",
    "embedded_worker": False,
}


@pytest.fixture
def production(data_dir: Path) -> Iterator[TestClient]:
    """A production service on the data directory of a development run that knew alice."""
    development = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    sign_in(TestClient(development), "alice", "secret123")
    development.parts.close()
    app = create_app(Settings.model_validate({"data_dir": data_dir, **PRODUCTION}))
    yield TestClient(app)
    app.parts.close()


def test_demo_users_do_not_exist_in_production(production: TestClient) -> None:
    """Their published passwords open nothing, even where a development run left their rows."""
    for name, password in DEMO_USERS.items():
        answer = production.post("/token", data={"username": name, "password": password})
        assert answer.status_code == 401


def test_imports_want_a_token_in_production(production: TestClient) -> None:
    """Nobody's imports exist in development mode alone."""
    assert production.post("/imports").status_code == 401
    assert production.get("/imports/x").status_code == 401


def test_a_development_token_means_nothing_in_production() -> None:
    """Not even where both modes were given the same secret."""
    token = Tokens(b"k" * 32, "development").issue("alice", "headway-api", 60, generation=0)
    with pytest.raises(BadToken):
        Tokens(b"k" * 32, "production").read(token, "headway-api")


def test_the_development_secret_is_kept_and_private(data_dir: Path) -> None:
    """Tokens survive a restart, all processes agree, and others cannot read the file."""
    settings = Settings(data_dir=data_dir)
    assert signing_secret(settings) == signing_secret(settings)
    (kept,) = data_dir.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("field", ["username", "password", "grant_type", "other"])
@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_a_field_that_is_said_twice_is_refused(client: TestClient, field: str, kind: str) -> None:
    """Whoever looks at the form before us may have believed the other one."""
    told = [("username", "alice"), ("password", "secret123"), ("grant_type", "password")]
    told += [(field, "bob")] * (2 if field == "other" else 1)
    if kind == "urlencoded":
        body, media_type = urlencode(told), "application/x-www-form-urlencoded"
    else:
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        body = "".join(part.format(*one) for one in told) + "--x--\r\n"
        media_type = "multipart/form-data; boundary=x"
    answer = client.post("/token", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"
