"""Users over HTTP, for admins."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.rights import Role
from headway.store.identity import Users
from tests.identity.conftest import ME, Headers, Person, sign_in

USERS = "/api/v1/users"


@pytest.fixture
def admin(person: Callable[..., Person]) -> Headers:
    return person(Role.ADMIN).headers


def test_a_user_is_made_with_a_password_that_is_shown_once(
    client: TestClient, admin: Headers
) -> None:
    answer = client.post(USERS, json={"username": "eva"}, headers=admin)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    password = answer.json()["password"]
    assert len(password) == 24
    assert client.get(ME, headers=sign_in(client, "eva", password)).json()["role"] == "user"
    assert "password" not in client.get(f"{USERS}/eva", headers=admin).json()
    again = client.post(USERS, json={"username": "eva", "role": "admin"}, headers=admin)
    assert again.status_code == 409
    assert client.get(f"{USERS}/eva", headers=admin).json()["role"] == "user"


def test_a_user_is_changed(
    client: TestClient, admin: Headers, person: Callable[..., Person], users: Users
) -> None:
    someone = person()
    path = f"{USERS}/{someone.name}"
    assert client.get(ME, headers=someone.headers).status_code == 200
    assert client.patch(path, json={"role": "operator"}, headers=admin).json()["role"] == "operator"
    assert client.get(ME, headers=someone.headers).status_code == 401
    assert client.patch(path, json={"disabled": True}, headers=admin).json()["disabled"]
    assert client.get(ME, headers=someone.headers).status_code == 403
    body = {"disabled": False, "password": "another day for that"}
    assert client.patch(path, json=body, headers=admin).status_code == 200
    assert sign_in(client, someone.name, "another day for that")


def test_nobody_shuts_himself_out(client: TestClient, person: Callable[..., Person]) -> None:
    admin = person(Role.ADMIN)
    for body in ({"role": "user"}, {"disabled": True}):
        answer = client.patch(f"{USERS}/{admin.name}", json=body, headers=admin.headers)
        assert answer.status_code == 409
    assert client.get(USERS, headers=admin.headers).status_code == 200


def test_users_are_listed_page_by_page(
    client: TestClient, admin: Headers, person: Callable[..., Person]
) -> None:
    made = {person().name for _ in range(3)}
    seen: list[str] = []
    path: str | None = f"{USERS}?limit=2"
    while path is not None:
        answer = client.get(path, headers=admin)
        seen += [one["username"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url")
    assert made <= set(seen)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "me"}, 422),
        ({"username": "anonymous"}, 422),
        ({"username": "a/b"}, 422),
        ({"username": "owner:name"}, 422),
        ({"username": ".."}, 422),
        ({"username": " eve"}, 422),
        ({"username": "e\u0000ve"}, 400),
        ({"username": "\u202eeve"}, 422),
        ({"username": "\ufb01n"}, 422),
        ({"username": "x" * 201}, 422),
        ({"username": "new", "password": "short"}, 422),
        ({"username": "new", "password": "password123"}, 422),
        ({"username": "new", "password": "x" * 1025}, 422),
        ({"username": "new", "role": "root"}, 422),
        ({"username": "new", "disabled": True}, 422),
        ({"username": "new", "password_hash": "x"}, 422),
    ],
)
def test_who_cannot_be_is_refused(
    body: dict[str, Any], status: int, client: TestClient, admin: Headers, users: Users
) -> None:
    assert client.post(USERS, json=body, headers=admin).status_code == status
    assert users.get(body["username"].replace("\0", "")) is None


def test_a_user_who_does_not_exist_is_not_found(client: TestClient, admin: Headers) -> None:
    assert client.get(f"{USERS}/nobody", headers=admin).status_code == 404
    assert client.patch(f"{USERS}/nobody", json={"role": "admin"}, headers=admin).status_code == 404
