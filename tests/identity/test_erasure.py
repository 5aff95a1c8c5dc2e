"""A user is removed with everything that is his, by himself, by an admin, from a shell."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.cli import main
from headway.http.application import Application
from headway.owners import DELIVERIES, behind, owners_of
from headway.rights import Role
from headway.store.contract import Store
from headway.verdict import Publication
from tests.identity.conftest import ME, PASSWORD, Person

JOBS = "/api/v1/jobs"


@pytest.fixture
def store(app: Application) -> Store:
    return app.parts.open().service.store


@pytest.fixture
def log(app: Application) -> Path:
    return app.parts.open().settings.data_dir / "predictions.jsonl"


def furnish(client: TestClient, person: Person) -> str:
    """Something of everything; the id of a job that waits."""
    told = client.post("/api/v1/predict", json={"text": "hello"}, headers=person.headers)
    assert told.status_code == 200
    client.post("/api/v1/keys", json={"name": "a", "scopes": ["read"]}, headers=person.headers)
    answer = client.post(f"{JOBS}/batch-predict", json=["a"], headers=person.headers)
    return str(answer.json()["job_id"])


def test_who_leaves_takes_everything_along(
    client: TestClient, person: Callable[..., Person], store: Store, log: Path
) -> None:
    someone, other = person(), person()
    job_id, another_id = furnish(client, someone), furnish(client, other)
    assert someone.name in log.read_text()
    answer = client.post(f"{ME}/delete", json={"password": PASSWORD}, headers=someone.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"jobs": 1, "artifacts": 0, "predictions": 1}
    assert store.users.get(someone.name) is None
    assert store.jobs.get(job_id) is None
    assert store.keys.of_owner(someone.name) == []
    assert client.get(ME, headers=someone.headers).status_code == 401
    told = log.read_text()
    assert someone.name not in told
    assert other.name in told
    assert client.get(f"{JOBS}/{another_id}", headers=other.headers).status_code == 200


def test_what_was_sent_for_him_goes_too(
    client: TestClient, person: Callable[..., Person], store: Store, free_port: int
) -> None:
    """Whom to tell, and the jobs that told them."""
    someone = person()
    told = {
        "job_type": "batch_predict",
        "input": {"texts": ["a"]},
        "notify": [{"webhook": f"http://127.0.0.1:{free_port}/x"}],
    }
    job_id = client.post(JOBS, json=told, headers=someone.headers).json()["job_id"]
    client.delete(f"{JOBS}/{job_id}", headers=someone.headers)
    assert store.erasure.holdings(behind(someone.name, DELIVERIES)).jobs == 1
    client.post(f"{ME}/delete", json={"password": PASSWORD}, headers=someone.headers)
    for owner in owners_of(someone.name):
        assert store.erasure.holdings(owner).jobs == 0
    assert store.notices.settings(someone.name, "whsec_new").secret == "whsec_new"


def test_a_found_token_removes_no_account(
    client: TestClient, person: Callable[..., Person], store: Store
) -> None:
    someone = person()
    answer = client.post(f"{ME}/delete", json={"password": "a guess"}, headers=someone.headers)
    assert answer.status_code == 403
    assert store.users.get(someone.name) is not None


def test_what_is_shared_keeps_its_owner_until_it_may_go(
    client: TestClient, person: Callable[..., Person], store: Store
) -> None:
    someone, admin = person(), person(Role.ADMIN)
    made = Publication(
        id=f"m-{someone.name}", kind="model", name="m", path="p", sha256="0", size=1, meta={}
    )
    store.artifacts.add(someone.name, made)
    store.artifacts.share(made.id, shared=True)
    path = f"/api/v1/users/{someone.name}"
    answer = client.delete(path, headers=admin.headers)
    assert answer.status_code == 409
    assert "1 versions of data sets or models are shared" in answer.json()["detail"]
    assert client.get(ME, headers=someone.headers).status_code == 200
    answer = client.delete(f"{path}?shared=true", headers=admin.headers)
    assert answer.json() == {"jobs": 0, "artifacts": 1, "predictions": 0}
    assert store.artifacts.get(made.id) is None
    assert client.delete(path, headers=admin.headers).status_code == 404


def test_an_admin_is_removed_by_another(client: TestClient, person: Callable[..., Person]) -> None:
    admin = person(Role.ADMIN)
    body = {"password": PASSWORD}
    assert client.post(f"{ME}/delete", json=body, headers=admin.headers).status_code == 409
    path = f"/api/v1/users/{admin.name}"
    assert client.delete(path, headers=admin.headers).status_code == 409
    assert client.delete(path, headers=person(Role.ADMIN).headers).status_code == 200


def test_from_a_shell(
    app: Application,
    client: TestClient,
    person: Callable[..., Person],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also what a user without a row left behind."""
    someone = person()
    job_id = furnish(client, someone)
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(app.parts.open().settings.data_dir))
    assert main(["users", "delete", someone.name]) == 0
    assert f"{someone.name} is removed, with 1 job," in capsys.readouterr().out
    assert store.jobs.get(job_id) is None
    assert main(["users", "delete", someone.name]) != 0
    assert "expected the name of a user" in capsys.readouterr().err


def test_a_stranger_who_reads_meanwhile_sees_nothing(
    client: TestClient, person: Callable[..., Person]
) -> None:
    """S36: before, while and after the job is cancelled and removed."""
    someone, stranger = person(), person()
    job_id = furnish(client, someone)
    seen: set[int] = set()

    def read() -> None:
        for path in ("", "/results", "/events", "/attempts") * 12:
            answer = client.get(f"{JOBS}/{job_id}{path}", headers=stranger.headers)
            seen.add(answer.status_code)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    client.delete(f"{JOBS}/{job_id}", headers=someone.headers)
    client.post(f"{ME}/delete", json={"password": PASSWORD}, headers=someone.headers)
    for reader in readers:
        reader.join()
    assert seen <= {403, 404}
