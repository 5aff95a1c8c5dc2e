"""A request that comes again under its Idempotency-Key changes nothing twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.http.application import Application
from headway.rights import Role
from headway.store.contract import Store
from headway.store.values.artifacts import AliasName
from headway.verdict import Publication
from tests.identity.conftest import PASSWORD, Headers, Person

NOTHING_TO_REPEAT = {
    "POST /token": "makes a token, of which there may be many",
    "POST /api/v1/tickets": "makes a ticket, of which there may be many",
    "POST /api/v1/predict": "makes nothing",
    "POST /api/v1/datasets/{ref}/preview": "makes nothing",
    "PUT /api/v1/operator/pauses/{job_type}": "paused twice is paused",
    "DELETE /api/v1/operator/pauses/{job_type}": "resumed twice is resumed",
    "POST /api/v1/logout": "afterwards the caller is nobody",
    "POST /api/v1/users/me/password": "afterwards the caller is nobody",
    "POST /api/v1/users/me/delete": "afterwards the caller is nobody",
}


@pytest.fixture
def store(app: Application) -> Store:
    return app.parts.open().service.store


def keyed(person: Person, key: str = "once") -> Headers:
    return {**person.headers, "Idempotency-Key": key}


def test_every_route_that_changes_something_heeds_a_key(app: Application) -> None:
    """And says so; the others are these, each with its reason."""
    silent = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
        if method not in ("get", "head")
        and all(one["name"] != "Idempotency-Key" for one in told.get("parameters", ()))
    }
    assert silent == NOTHING_TO_REPEAT.keys()


def test_a_user_is_made_once(client: TestClient, person: Callable[..., Person]) -> None:
    admin = person(Role.ADMIN)
    wish = {"username": "once-made", "password": PASSWORD}
    first = client.post("/api/v1/users", json=wish, headers=keyed(admin))
    assert first.status_code == 201
    other = client.post(
        "/api/v1/users", json=wish | {"password": PASSWORD + "!"}, headers=keyed(admin)
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    again = client.post("/api/v1/users", json=wish, headers=keyed(admin))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    gone = [client.delete("/api/v1/users/once-made", headers=keyed(admin)) for _ in range(2)]
    assert [one.status_code for one in gone] == [200, 200]
    assert gone[0].json() == gone[1].json()


def test_a_secret_is_shown_once_and_kept_nowhere(
    client: TestClient, person: Callable[..., Person]
) -> None:
    someone = person()
    wish = {"name": "machine", "scopes": ["read"]}
    made = client.post("/api/v1/keys", json=wish, headers=keyed(someone))
    assert made.status_code == 201
    again = client.post("/api/v1/keys", json=wish, headers=keyed(someone))
    assert again.status_code == 409
    assert "shown once" in again.json()["detail"]
    assert len(client.get("/api/v1/keys", headers=someone.headers).json()) == 1
    path = f"/api/v1/keys/{made.json()['id']}"
    assert [client.delete(path, headers=keyed(someone)).status_code for _ in range(2)] == [204, 204]
    assert client.delete(path, headers=someone.headers).status_code == 404


def test_an_alias_is_rolled_back_once(
    client: TestClient, person: Callable[..., Person], store: Store
) -> None:
    someone = person()
    alias = AliasName(owner=someone.name, kind="model", name="m", alias="live")
    for number in range(3):
        made = store.artifacts.add(someone.name, model(f"{someone.name}-{number}"))
        store.aliases.move(alias, made.id)
    path = "/api/v1/models/m/aliases/live/rollback"
    answers = [client.post(path, headers=keyed(someone)).json() for _ in range(3)]
    assert [one["version"] for one in answers] == [2, 2, 2]
    assert client.post(path, headers=keyed(someone, "twice")).json()["version"] == 1


def model(id: str) -> Publication:
    told: dict[str, Any] = {"sha256": "0" * 64, "size": 0, "meta": {}}
    return Publication(id=id, kind="model", name="m", path=f"m/{id}", **told)


def test_a_cancelled_job_is_told_to_be_cancelled_again(
    client: TestClient, person: Callable[..., Person]
) -> None:
    someone = person()
    job = client.post("/api/v1/jobs/batch-predict", json=["x"], headers=someone.headers).json()
    path = f"/api/v1/jobs/{job['job_id']}"
    assert [client.delete(path, headers=keyed(someone)).status_code for _ in range(2)] == [200, 200]
    assert client.delete(path, headers=someone.headers).status_code == 400


def test_a_refused_request_may_be_mended_under_its_key(
    client: TestClient, person: Callable[..., Person]
) -> None:
    someone = person()
    wrong = {"name": "machine", "scopes": ["admin"]}
    assert client.post("/api/v1/keys", json=wrong, headers=keyed(someone)).status_code == 403
    mended = {"name": "machine", "scopes": ["read"]}
    assert client.post("/api/v1/keys", json=mended, headers=keyed(someone)).status_code == 201


def test_of_many_at_once_one_is_done(client: TestClient, person: Callable[..., Person]) -> None:
    someone = person()
    path = "/api/v1/users/me/notifications/secret"
    before = client.get("/api/v1/users/me/notifications", headers=someone.headers).json()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: client.post(path, headers=keyed(someone)).status_code, range(8))
        )
    assert sorted(answers) == [200] + [409] * 7
    after = client.get("/api/v1/users/me/notifications", headers=someone.headers).json()
    assert after["signing_secret"] != before["signing_secret"]


def test_the_keys_of_two_users_are_theirs(
    client: TestClient, person: Callable[..., Person]
) -> None:
    wish = {"name": "machine", "scopes": ["read"]}
    made = [client.post("/api/v1/keys", json=wish, headers=keyed(person())) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]


def test_a_stranger_keeps_no_key(client: TestClient) -> None:
    answer = client.post("/api/v1/keys", json={}, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 401
