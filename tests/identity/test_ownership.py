"""Somebody else's things, on every route there is: none can be added that is not tried."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.http.application import Application
from headway.http.scopes import needed_for
from headway.rights import Role, Scope
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.values.artifacts import AliasName
from headway.verdict import Publication
from tests.identity.conftest import Person

MARK = "xyzzy-is-hers-alone"
ROUTES = [
    (method, route.path, needed_for(route.endpoint, method))
    for route in create_app(Settings()).routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
OPEN = {"/token", "/healthz", "/readyz", "/docs", "/", "/dashboard/{edition}/{name:path}"}
"""Whoever asks is answered; nothing of any user is there."""

WITH_IDS = [(m, p) for m, p, s in ROUTES if "{" in p and p not in OPEN and s is not Scope.ADMIN]
LISTS = [
    (m, p) for m, p, _ in ROUTES if m == "GET" and "{" not in p and p not in OPEN
]  # fmt: skip
KINDS = ("dataset", "model", "file")
NEVER_END = {"/api/v1/jobs/stream"}
"""What this stream shows of whom is told by tests/http/test_stream_all.py."""
ROLES = [(m, p, s) for m, p, s in ROUTES if s in (Scope.ADMIN, Scope.OPERATE)]

BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/api/v1/datasets/{ref}"): {"shared": True},
    ("PATCH", "/api/v1/models/{ref}"): {"shared": True},
    ("PUT", "/api/v1/datasets/{name}/aliases/{alias}"): {"version": 1},
    ("PUT", "/api/v1/models/{name}/aliases/{alias}"): {"version": 1},
    ("POST", "/api/v1/models/{name}/aliases/{alias}/promote"): {"version": 1, "data": "sample"},
    ("POST", "/api/v1/datasets/{ref}/preview"): {"steps": [{"step": "tidy"}]},
    ("POST", "/api/v1/users"): {"username": "made-by-nobody", "role": "admin"},
    ("PATCH", "/api/v1/users/{name}"): {"disabled": True, "role": "admin"},
    ("DELETE", "/api/v1/users/{name}"): None,
}


class Hers:
    """What somebody has: one of each that a route can name."""

    def __init__(self, client: TestClient, store: Store, owner: Person) -> None:
        self.owner = owner
        answer = client.post(
            "/api/v1/jobs",
            json={
                "job_type": "batch_predict",
                "input": {"texts": [MARK]},
                "metadata": {"for": MARK},
            },
            headers=owner.headers,
        )
        self.job = str(answer.json()["job_id"])
        imported = client.post(
            f"/imports?name={MARK}",
            content=b"text,label\na,b\n",
            headers=owner.headers | {"Content-Type": "text/csv"},
        )
        self.task = str(imported.json()["task_id"])
        self.artifacts = {kind: self._artifact(store, kind) for kind in KINDS}
        key = {"name": MARK, "scopes": ["read"]}
        self.key = client.post("/api/v1/keys", json=key, headers=owner.headers).json()["id"]

    def _artifact(self, store: Store, kind: str) -> str:
        artifact_id = f"{kind}-of-{self.owner.name}"
        made = Publication(
            id=artifact_id,
            kind=kind,
            name=f"{MARK}-{kind}",
            path=f"{kind}s/{self.owner.name}",
            sha256="0" * 64,
            size=1,
            meta={"told": MARK},
        )
        store.artifacts.add(self.owner.name, made)
        alias = AliasName(owner=self.owner.name, kind=kind, name=made.name, alias="best")
        store.aliases.move(alias, artifact_id)
        return artifact_id

    def ways_to_name(self, path: str) -> Iterator[str]:
        """The path with each thing of hers that its parameters could be."""
        kind = next((one for one in KINDS if f"/{one}s" in path), "dataset")
        name = f"{MARK}-{kind}"
        owner = self.owner.name
        values = {
            "job_id": [self.job],
            "task_id": [self.task],
            "ref": [self.artifacts[kind], f"{owner}:{name}", f"{owner}:{name}@1", f"{name}@best"],
            "name": [owner] if "/users/" in path else [name],
            "alias": ["best"],
            "key_id": [self.key],
            "delivery_id": [self.job],
            "ending": ["csv", "jsonl", "parquet"],
            "job_type": ["preprocess"],
        }
        asked = [part[1:-1] for part in path.replace(".", "/").split("/") if part.startswith("{")]
        unknown = set(asked) - values.keys()
        assert not unknown, f"say in this test what somebody's {unknown} is"
        for chosen in itertools.product(*(values[one] for one in asked)):
            filled = path
            for one, value in zip(asked, chosen, strict=True):
                filled = filled.replace("{" + one + "}", value)
            yield filled

    def state(self, store: Store) -> object:
        """All of it that anybody could change."""
        name = self.owner.name
        user = store.users.get(name)
        assert user is not None
        return (
            [store.jobs.get(one) for one in (self.job, self.task)],
            [store.artifacts.get(one) for one in self.artifacts.values()],
            [store.aliases.of_name(name, kind, f"{MARK}-{kind}") for kind in KINDS],
            store.keys.of_owner(name),
            (user.role, user.disabled, user.generation, user.password_hash),
        )


@pytest.fixture(scope="module")
def store(app: Application) -> Store:
    return app.parts.open().service.store


@pytest.fixture(scope="module")
def hers(client: TestClient, store: Store, person: Callable[..., Person]) -> Hers:
    return Hers(client, store, person())


@pytest.fixture(scope="module")
def stranger(person: Callable[..., Person]) -> Person:
    return person()


@pytest.mark.parametrize(("method", "path"), WITH_IDS)
def test_what_is_hers_is_hers_alone(
    method: str, path: str, client: TestClient, store: Store, hers: Hers, stranger: Person
) -> None:
    """S1: refused, or as if there were none; told nothing; and nothing has changed."""
    before = hers.state(store)
    for filled in hers.ways_to_name(path):
        answer = client.request(
            method, filled, headers=stranger.headers, json=BODIES.get((method, path))
        )
        told = answer.text.replace(filled, "")
        if "{job_id}" in path or "{key_id}" in path:
            assert answer.status_code == 403, (filled, answer.text)
            assert answer.json()["detail"] == "Not authorized"
        elif method == "GET" and path.endswith("/aliases"):
            assert answer.json() == []  # of a name of one's own that does not exist
        elif path == "/imports/{task_id}":
            assert answer.status_code == 403
        else:
            assert answer.status_code in (403, 404, 422), (filled, answer.text)
        assert hers.job not in told
        assert hers.key not in told
        assert json.dumps({"told": MARK})[1:-1] not in told
    assert hers.state(store) == before


@pytest.mark.parametrize(("method", "path"), [one for one in LISTS if one[1] not in NEVER_END])
def test_no_list_tells_of_what_is_hers(
    method: str, path: str, client: TestClient, hers: Hers, stranger: Person
) -> None:
    """S1: lists, counts and profiles are one's own; admins' and operators' routes refuse."""
    answer = client.request(method, path, headers=stranger.headers)
    assert answer.status_code in (200, 403)
    for secret in (MARK, hers.job, hers.task, hers.key, hers.owner.name, *hers.artifacts.values()):
        assert secret not in answer.text


@pytest.mark.parametrize("reference", ["dataset-of-{0}", "{0}:" + MARK + "-dataset"])
def test_a_job_cannot_read_what_is_hers(
    reference: str, client: TestClient, hers: Hers, stranger: Person
) -> None:
    """S1: not by its id, nor by its name."""
    body = {"data": reference.format(hers.owner.name)}
    answer = client.post("/api/v1/jobs/train-model", json=body, headers=stranger.headers)
    assert answer.status_code == 422
    assert answer.json()["code"] == "unknown_artifact"


def test_what_is_needed_is_documented(app: Application) -> None:
    """As it is enforced, for every route that asks who calls."""
    paths = app.openapi()["paths"]
    for method, path, scope in ROUTES:
        documented = paths.get(path, {}).get(method.lower(), {})
        if "security" in documented:
            assert documented["security"] == [{"password": [scope.value]}]


def test_the_routes_for_admins_are_these() -> None:
    """Whoever adds one below /api/v1/users or /api/v1/operator says who may call it."""
    for _, path, scope in ROUTES:
        if path.startswith("/api/v1/users") and not path.startswith("/api/v1/users/me"):
            assert scope is Scope.ADMIN
        if path.startswith("/api/v1/operator"):
            assert scope is Scope.OPERATE
    assert len(ROLES) >= 5


@pytest.mark.parametrize(("method", "path", "scope"), ROLES)
def test_a_role_is_needed(
    method: str,
    path: str,
    scope: Scope,
    client: TestClient,
    store: Store,
    hers: Hers,
    person: Callable[..., Person],
) -> None:
    """S2: 403 for whoever has not the role, and nothing has happened."""
    before, all_users = hers.state(store), [one.name for one in store.users.page()]
    lacking = [Role.USER, Role.OPERATOR] if scope is Scope.ADMIN else [Role.USER]
    for role in lacking:
        caller = person(role)
        all_users.append(caller.name)
        for filled in hers.ways_to_name(path):
            answer = client.request(
                method, filled, headers=caller.headers, json=BODIES.get((method, path))
            )
            assert answer.status_code == 403
            assert answer.json()["code"] == "insufficient_scope"
    assert hers.state(store) == before
    assert [one.name for one in store.users.page()] == sorted(all_users)


def test_an_operator_sees_that_jobs_are_and_not_what_is_in_them(
    client: TestClient, hers: Hers, person: Callable[..., Person]
) -> None:
    operator = person(Role.OPERATOR)
    query = {"user_id": hers.owner.name, "job_type": "batch_predict"}
    answer = client.get("/api/v1/operator/jobs", params=query, headers=operator.headers)
    assert [one["job_id"] for one in answer.json()] == [hers.job]
    assert MARK not in answer.text
    for path in (f"/api/v1/jobs/{hers.job}", f"/api/v1/jobs/{hers.job}/events"):
        assert client.get(path, headers=operator.headers).status_code == 403
    admin = person(Role.ADMIN)
    assert client.get(f"/api/v1/jobs/{hers.job}", headers=admin.headers).status_code == 403


TOO_MUCH = [
    ("/api/v1/jobs", {"job_type": "nothing", "status": "completed"}),
    ("/api/v1/jobs", {"job_type": "nothing", "owner": "bob"}),
    ("/api/v1/jobs", {"job_type": "nothing", "user_id": "bob"}),
    ("/api/v1/jobs", {"job_type": "batch_predict", "input": {"texts": ["a"]}, "priority": 999}),
    ("/api/v1/jobs", {"job_type": "batch_predict", "input": {"texts": ["a"]}, "attempt": 0}),
    ("/api/v1/jobs", {"job_type": "batch_predict", "input": {"texts": ["a"]}, "lease_token": 1}),
    ("/api/v1/jobs", {"job_type": "batch_predict", "input": {"texts": ["a"], "owner": "bob"}}),
    ("/api/v1/jobs/batch-predict", {"texts": ["a"], "job_id": "mine"}),
    ("/api/v1/jobs/train-model", {"data": "sample", "result": {}}),
    ("/api/v1/predict", {"text": "a", "user": "bob"}),
    ("/api/v1/keys", {"name": "a", "scopes": ["read"], "owner": "bob"}),
    ("/api/v1/users/me/password", {"current_password": "a", "new_password": "b", "name": "bob"}),
]


@pytest.mark.parametrize(("path", "body"), TOO_MUCH)
def test_nothing_is_taken_that_is_not_the_caller_s_to_say(
    path: str, body: dict[str, Any], client: TestClient, stranger: Person
) -> None:
    """S3: unknown fields are a 422, in every body."""
    assert client.post(path, json=body, headers=stranger.headers).status_code == 422


def test_no_more_is_told_than_is_documented(
    client: TestClient, hers: Hers, app: Application
) -> None:
    """S3: no lease token, no path of a file, no hash of a password or key."""
    schemas = app.openapi()["components"]["schemas"]
    for path, name in (
        (f"/api/v1/jobs/{hers.job}", "JobView"),
        ("/api/v1/users/me", "UserView"),
    ):
        told = client.get(path, headers=hers.owner.headers).json()
        assert told.keys() <= schemas[name]["properties"].keys()
        assert not {"lease_token", "path", "password_hash", "digest", "generation"} & told.keys()
