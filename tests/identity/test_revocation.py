"""Tokens that end before they expire: signed out, a new password, a user disabled or changed."""

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from headway.http import hangups, live, switchboard, viewer, websocket
from headway.http.app import create_app
from headway.http.application import Application
from headway.identity import accounts
from headway.rights import Role
from headway.store.identity import Users
from tests.identity.conftest import ME, PASSWORD, Headers, Person, another_token, sign_in

OTHER = "another day for that"

Revoke = Callable[[TestClient, Users, Person], object]


def sign_out(client: TestClient, _: Users, person: Person) -> object:
    answer = client.post("/api/v1/logout", headers=person.headers)
    assert answer.status_code == 204
    return answer


def sign_out_everywhere(client: TestClient, _: Users, person: Person) -> object:
    another = another_token(cast(Application, client.app), person.name)
    answer = client.post("/api/v1/logout?everywhere=true", headers=another)
    assert answer.status_code == 204
    return answer


def take_another_password(client: TestClient, _: Users, person: Person) -> object:
    body = {"current_password": PASSWORD, "new_password": OTHER}
    another = another_token(cast(Application, client.app), person.name)
    answer = client.post(f"{ME}/password", json=body, headers=another)
    assert answer.status_code == 200, answer.text
    return answer


def disable(_: TestClient, users: Users, person: Person) -> object:
    return users.change(person.name, disabled=True)


def give_another_role(_: TestClient, users: Users, person: Person) -> object:
    return users.change(person.name, role=Role.OPERATOR)


REVOCATIONS: dict[str, tuple[Revoke, int]] = {
    "signed out": (sign_out, 401),
    "signed out everywhere": (sign_out_everywhere, 401),
    "a new password": (take_another_password, 401),
    "disabled": (disable, 403),
    "another role": (give_another_role, 401),
}
BY_API = ("signed out", "signed out everywhere", "a new password")


@pytest.mark.parametrize("how", REVOCATIONS)
def test_the_token_is_void(
    how: str, client: TestClient, users: Users, person: Callable[..., Person], at_once: None
) -> None:
    """S8, on an ordinary call."""
    someone = person()
    assert client.get(ME, headers=someone.headers).status_code == 200
    revoke, status = REVOCATIONS[how]
    revoke(client, users, someone)
    assert client.get(ME, headers=someone.headers).status_code == status


@pytest.mark.parametrize("how", BY_API)
def test_in_the_process_that_was_told_it_is_void_at_once(
    how: str, client: TestClient, users: Users, person: Callable[..., Person]
) -> None:
    """What was believed for a few seconds is forgotten."""
    someone = person()
    assert client.get(ME, headers=someone.headers).status_code == 200
    REVOCATIONS[how][0](client, users, someone)
    assert client.get(ME, headers=someone.headers).status_code == 401


def test_another_process_hears_of_it_from_the_store(
    app: Application, client: TestClient, person: Callable[..., Person], at_once: None
) -> None:
    """S8: two services on one data directory. At the latest when what it believes is looked at again."""
    assert accounts.__dict__["_TRUSTED_SECONDS"] <= 60
    other = create_app(app.parts.open().settings)
    try:
        someone = person()
        elsewhere = TestClient(other)
        assert elsewhere.get(ME, headers=someone.headers).status_code == 200
        client.post("/api/v1/logout", headers=someone.headers)
        assert elsewhere.get(ME, headers=someone.headers).status_code == 401
    finally:
        other.parts.close()


def test_signing_out_ends_this_token_alone(
    client: TestClient, person: Callable[..., Person], at_once: None
) -> None:
    someone = person()
    second = sign_in(client, someone.name)
    client.post("/api/v1/logout", headers=someone.headers)
    assert client.get(ME, headers=second).status_code == 200


def test_signing_out_everywhere_leaves_others_alone(
    client: TestClient, person: Callable[..., Person], at_once: None
) -> None:
    someone, other = person(), person()
    client.post("/api/v1/logout?everywhere=true", headers=someone.headers)
    assert client.get(ME, headers=other.headers).status_code == 200


def test_a_new_password_comes_with_a_token_that_is_good(
    client: TestClient, person: Callable[..., Person]
) -> None:
    """And is the only one that signs in."""
    someone = person()
    body = {"current_password": PASSWORD, "new_password": OTHER}
    answer = client.post(f"{ME}/password", json=body, headers=someone.headers)
    assert answer.headers["cache-control"] == "no-store"
    fresh = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get(ME, headers=fresh).status_code == 200
    form = {"username": someone.name, "password": PASSWORD}
    assert client.post("/token", data=form).status_code == 401
    assert client.post("/token", data=form | {"password": OTHER}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"current_password": "not mine", "new_password": OTHER}, 403, "/current_password"),
        ({"current_password": PASSWORD, "new_password": "7 chars"}, 422, "/new_password"),
        ({"current_password": PASSWORD, "new_password": "password1"}, 422, "/new_password"),
        ({"current_password": PASSWORD}, 422, "/new_password"),
        ({"current_password": PASSWORD, "new_password": OTHER, "role": "admin"}, 422, "/role"),
    ],
    ids=["not mine", "short", "common", "missing", "unknown field"],
)
def test_a_password_that_is_not_changed_changes_nothing(
    body: dict[str, Any],
    status: int,
    pointer: str,
    client: TestClient,
    person: Callable[..., Person],
    at_once: None,
) -> None:
    someone = person()
    answer = client.post(f"{ME}/password", json=body, headers=someone.headers)
    assert answer.status_code == status
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert client.get(ME, headers=someone.headers).status_code == 200
    assert sign_in(client, someone.name)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams look every half second whether their viewer may still look, not every 30."""
    assert live.CONFIRM_SECONDS + viewer.PING_SECONDS <= 60
    for module in (live, websocket, switchboard):
        monkeypatch.setattr(module, "CONFIRM_SECONDS", 0.3)
    monkeypatch.setattr(viewer, "PING_SECONDS", 0.3)


def waiting_job(client: TestClient, headers: Headers) -> str:
    answer = client.post("/api/v1/jobs/batch-predict", json=["a"], headers=headers)
    return str(answer.json()["job_id"])


@pytest.mark.parametrize("how", REVOCATIONS)
@pytest.mark.parametrize("path", ["/api/v1/jobs/{}/stream", "/api/v1/jobs/stream"])
def test_an_open_stream_ends(
    path: str,
    how: str,
    client: TestClient,
    users: Users,
    person: Callable[..., Person],
    at_once: None,
    often: None,
) -> None:
    """S8: within a minute; the job it shows goes on."""
    someone = person()
    job_id = waiting_job(client, someone.headers)
    told: list[str] = []

    def look() -> None:
        told.append(client.get(path.format(job_id), headers=someone.headers).text)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(0.5)
    REVOCATIONS[how][0](client, users, someone)
    looking.join(60)
    assert not looking.is_alive()
    if told[0].startswith("{"):  # it was so quick that the stream was refused
        return
    assert "event: update" in told[0]
    assert "event: complete" not in told[0]


@pytest.mark.parametrize("how", REVOCATIONS)
@pytest.mark.parametrize("entrance", ["token", "ticket"])
def test_an_open_socket_ends(
    entrance: str,
    how: str,
    client: TestClient,
    users: Users,
    person: Callable[..., Person],
    at_once: None,
    often: None,
) -> None:
    """S8: also one that was opened with a ticket, which is worth no more than its token."""
    someone = person()
    job_id = waiting_job(client, someone.headers)
    headers, query = someone.headers, ""
    if entrance == "ticket":
        ticket = client.post("/api/v1/tickets", headers=headers).json()["ticket"]
        headers, query = {}, f"?ticket={ticket}"
    with client.websocket_connect(f"/ws/jobs/{job_id}{query}", headers=headers) as socket:
        assert socket.receive_json()["event"] == "update"
        REVOCATIONS[how][0](client, users, someone)
        with pytest.raises(WebSocketDisconnect) as left:
            for _ in iter(socket.receive_json, None):
                pass
    assert left.value.code == hangups.UNAUTHORIZED


@pytest.mark.parametrize("how", REVOCATIONS)
def test_a_ticket_of_a_void_token_opens_nothing(
    how: str, client: TestClient, users: Users, person: Callable[..., Person], at_once: None
) -> None:
    someone = person()
    job_id = waiting_job(client, someone.headers)
    ticket = client.post("/api/v1/tickets", headers=someone.headers).json()["ticket"]
    REVOCATIONS[how][0](client, users, someone)
    with (
        client.websocket_connect(f"/ws/jobs/{job_id}?ticket={ticket}") as socket,
        pytest.raises(WebSocketDisconnect) as left,
    ):
        socket.receive_json()
    assert left.value.code in (hangups.UNAUTHORIZED, hangups.FORBIDDEN)
