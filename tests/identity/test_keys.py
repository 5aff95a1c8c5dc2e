"""API keys: shown once, kept as a hash, good for what they were made for."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from headway.errors import StoreUnavailable
from headway.http.application import Application
from headway.rights import Role
from headway.store.identity import Users
from headway.store.sql_store import SqlStore
from tests.identity.conftest import ME, Headers, Person

KEYS = "/api/v1/keys"
JOBS = "/api/v1/jobs"


def make(
    client: TestClient, owner: Person, *scopes: str, name: str = "ci", **more: Any
) -> dict[str, Any]:
    body = {"name": name, "scopes": list(scopes), **more}
    answer = client.post(KEYS, json=body, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


def bearer(made: dict[str, Any]) -> Headers:
    return {"Authorization": f"Bearer {made['key']}"}


def test_a_key_is_as_good_as_a_token(client: TestClient, person: Callable[..., Person]) -> None:
    owner = person()
    key = bearer(make(client, owner, "read", "submit"))
    assert client.get(ME, headers=key).json()["username"] == owner.name
    answer = client.post(f"{JOBS}/batch-predict", json=["a"], headers=key)
    assert answer.status_code == 200
    assert client.get(f"{JOBS}/{answer.json()['job_id']}", headers=owner.headers).status_code == 200
    assert client.get(ME, headers=key).json()["request_count"] == 1


def test_a_key_with_an_absurd_life_is_listed_without_an_end(
    app: Application, client: TestClient, person: Callable[..., Person]
) -> None:
    """Lives had no bound once, and no date can say when such a key expires."""
    owner = person()
    made = make(client, owner, "read")
    store = app.parts.open().service.store
    assert isinstance(store, SqlStore)
    with store.keys._db.write() as tx:  # noqa: SLF001 - no such key can be made any more
        tx.run("UPDATE api_keys SET expires_at = 1e15 WHERE id = :id", {"id": made["id"]})
    (listed,) = client.get(KEYS, headers=owner.headers).json()
    assert listed == {**listed, "id": made["id"], "expires_at": None}
    assert client.get(ME, headers=bearer(made)).status_code == 200


def test_a_key_is_shown_once_and_kept_as_a_hash(
    app: Application, client: TestClient, person: Callable[..., Person]
) -> None:
    owner = person()
    made = make(client, owner, "read")
    assert made["key"].startswith("hw_")
    assert len(made["key"]) == 3 + 43
    (listed,) = client.get(KEYS, headers=owner.headers).json()
    assert listed == {name: value for name, value in made.items() if name != "key"}
    directory = app.parts.open().settings.data_dir
    assert b"headway.db" in files_with(made["id"], directory)
    assert files_with(made["key"].removeprefix("hw_"), directory) == b""


def files_with(text: str, directory: Path) -> bytes:
    """Another process looks: whoever closes a database's file lets go of this process's locks on it."""
    command = ["grep", "-rlF", "-e", text, str(directory)]  # the text may begin with a dash
    return subprocess.run(command, capture_output=True, check=False).stdout


def test_when_a_key_was_used_is_told(client: TestClient, person: Callable[..., Person]) -> None:
    owner = person()
    made = make(client, owner, "read")
    assert made["last_used_at"] is None
    client.get(ME, headers=bearer(made))
    (listed,) = client.get(KEYS, headers=owner.headers).json()
    assert listed["last_used_at"] >= made["created_at"]


def test_a_key_reads_while_nothing_can_be_written(
    app: Application,
    client: TestClient,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When it was used is not worth an answer: one with a token is given, too."""
    made = make(client, person(), "read")

    def unavailable(_key_id: str) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(app.parts.open().keys, "touch", unavailable)
    assert client.get(ME, headers=bearer(made)).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "method", "path", "needed"),
    [
        (["read"], "POST", f"{JOBS}/batch-predict", "submit"),
        (["read"], "POST", "/api/v1/predict", "submit"),
        (["read"], "DELETE", f"{JOBS}/x", "submit"),
        (["read"], "POST", "/api/v1/tickets", "submit"),
        (["read"], "POST", "/imports", "submit"),
        (["submit"], "GET", JOBS, "read"),
        (["submit"], "GET", f"{JOBS}/x/stream", "read"),
        (["submit"], "GET", ME, "read"),
        (["read", "submit"], "GET", KEYS, "account"),
        (["read", "submit"], "POST", KEYS, "account"),
        (["read", "submit"], "POST", f"{ME}/password", "account"),
        (["read", "submit"], "POST", "/api/v1/logout", "account"),
        (["read", "submit"], "GET", "/api/v1/users", "admin"),
    ],
)
def test_a_key_does_what_it_was_made_for_and_no_more(
    scopes: list[str],
    method: str,
    path: str,
    needed: str,
    client: TestClient,
    person: Callable[..., Person],
) -> None:
    """403 with the scope that is needed; before the body is read."""
    key = bearer(make(client, person(), *scopes))
    answer = client.request(method, path, headers=key)
    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert f"scope {needed}" in answer.json()["detail"]
    assert f'scope="{needed}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (Role.USER, "operate", 403),
        (Role.USER, "admin", 403),
        (Role.OPERATOR, "operate", 201),
        (Role.OPERATOR, "admin", 403),
        (Role.ADMIN, "admin", 201),
        (Role.ADMIN, "account", 422),
    ],
)
def test_nobody_makes_a_key_that_may_do_more_than_he(
    role: Role, scope: str, status: int, client: TestClient, person: Callable[..., Person]
) -> None:
    body = {"name": "ci", "scopes": ["read", scope]}
    owner = person(role)
    assert client.post(KEYS, json=body, headers=owner.headers).status_code == status
    assert len(client.get(KEYS, headers=owner.headers).json()) == (status == 201)


def test_a_key_loses_what_its_owner_s_role_loses(
    client: TestClient, person: Callable[..., Person], users: Users, at_once: None
) -> None:
    owner = person(Role.ADMIN)
    key = bearer(make(client, owner, "read", "admin"))
    assert client.get("/api/v1/users", headers=key).status_code == 200
    users.change(owner.name, role=Role.USER)
    assert client.get("/api/v1/users", headers=key).status_code == 403
    assert client.get(ME, headers=key).status_code == 200
    users.change(owner.name, disabled=True)
    assert client.get(ME, headers=key).status_code == 403


def test_a_removed_key_opens_nothing_at_once(
    client: TestClient, person: Callable[..., Person]
) -> None:
    owner = person()
    made = make(client, owner, "read")
    assert client.get(ME, headers=bearer(made)).status_code == 200
    path = f"{KEYS}/{made['id']}"
    assert client.delete(path, headers=person().headers).status_code == 403
    assert client.delete(path, headers=owner.headers).status_code == 204
    assert client.delete(path, headers=owner.headers).status_code == 404
    assert client.get(ME, headers=bearer(made)).status_code == 401


def test_an_expired_key_opens_nothing(
    client: TestClient, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was good a moment ago."""
    made = make(client, person(), "read", expires_in_days=1)
    assert client.get(ME, headers=bearer(made)).status_code == 200
    tomorrow = time.time() + 86_401
    monkeypatch.setattr("headway.identity.accounts.time.time", lambda: tomorrow)
    assert client.get(ME, headers=bearer(made)).status_code == 401


@pytest.mark.parametrize(
    "key", ["hw_", "hw_" + "A" * 43, "hw_' OR 1=1 --", "hw_" + "x" * 60_000, "hw_\0", "hw_é"]
)
def test_a_guessed_key_is_a_401(client: TestClient, key: str) -> None:
    headers = {b"Authorization": b"Bearer " + key.encode("latin-1")}
    assert client.get(ME, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "", "scopes": ["read"]}, 422),
        ({"name": "a\nb", "scopes": ["read"]}, 422),
        ({"name": "x" * 101, "scopes": ["read"]}, 422),
        ({"name": "a", "scopes": []}, 422),
        ({"name": "a", "scopes": ["everything"]}, 422),
        ({"name": "a", "scopes": ["read"], "expires_in_days": 0}, 422),
        ({"name": "a", "scopes": ["read"], "expires_in_days": 10**9}, 422),
        ({"name": "a", "scopes": ["read"], "owner": "bob"}, 422),
        ({"name": "a", "scopes": ["read"], "key": "hw_mine"}, 422),
        ({"name": "taken", "scopes": ["read"]}, 409),
    ],
)
def test_what_is_no_key_is_refused(
    body: dict[str, Any], status: int, client: TestClient, person: Callable[..., Person]
) -> None:
    owner = person()
    make(client, owner, "read", name="taken")
    assert client.post(KEYS, json=body, headers=owner.headers).status_code == status
    assert len(client.get(KEYS, headers=owner.headers).json()) == 1


def test_a_key_that_may_only_read_cancels_nothing_over_a_socket(
    client: TestClient, person: Callable[..., Person]
) -> None:
    owner = person()
    job = client.post(f"{JOBS}/batch-predict", json=["a"], headers=owner.headers).json()["job_id"]
    key = bearer(make(client, owner, "read"))
    with client.websocket_connect(f"/ws/jobs/{job}", headers=key) as socket:
        socket.send_json({"action": "cancel"})
        events = [socket.receive_json() for _ in range(3)]
    assert [one["data"]["error"] for one in events if one["event"] == "error"] == [
        "Not authorized: this needs the scope submit"
    ]
    with client.websocket_connect("/ws/jobs", headers=key) as socket:
        socket.send_json({"action": "cancel", "job_id": job})
        assert "scope submit" in socket.receive_json()["data"]["error"]
    answer = client.get(f"{JOBS}/{job}", headers=owner.headers)
    assert answer.json()["status"] == "pending"


def test_a_key_that_may_not_read_watches_nothing(
    client: TestClient, person: Callable[..., Person]
) -> None:
    key = bearer(make(client, person(), "submit"))
    with (
        client.websocket_connect("/ws/jobs/x", headers=key) as socket,
        pytest.raises(WebSocketDisconnect) as left,
    ):
        socket.receive_json()
    assert left.value.code == 4403
