"""Operators hold operations back, over HTTP."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from headway.rights import Role
from tests.identity.conftest import Person

PAUSES = "/api/v1/operator/pauses"


def test_an_operator_pauses_and_resumes(client: TestClient, person: Callable[..., Person]) -> None:
    """Submissions are accepted meanwhile and say what they wait for."""
    operator, user = person(Role.OPERATOR), person()
    paused = client.put(f"{PAUSES}/batch_predict", headers=operator.headers)
    assert (paused.status_code, paused.json()["job_type"]) == (200, "batch_predict")
    again = client.put(f"{PAUSES}/batch_predict", headers=operator.headers)
    assert again.json() == paused.json()
    assert client.get(PAUSES, headers=operator.headers).json() == [paused.json()]
    assert client.get("/api/v1/queue", headers=user.headers).json()["paused"] == ["batch_predict"]
    job = client.post("/api/v1/jobs/batch-predict", json=["x"], headers=user.headers).json()
    path = f"/api/v1/jobs/{job['job_id']}"
    assert client.get(path, headers=user.headers).json()["waiting_for"] == "pause"
    for _ in range(2):
        assert client.delete(f"{PAUSES}/batch_predict", headers=operator.headers).status_code == 204
    assert client.get(PAUSES, headers=operator.headers).json() == []
    assert client.get(path, headers=user.headers).json()["waiting_for"] != "pause"


def test_an_unknown_operation_is_neither_paused_nor_resumed(
    client: TestClient, person: Callable[..., Person]
) -> None:
    """Who misspells it hears of it, rather than that it goes on."""
    operator = person(Role.OPERATOR)
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"{PAUSES}/nothing-of-ours", headers=operator.headers)
        assert answer.status_code == 422
    assert client.get(PAUSES, headers=operator.headers).json() == []


def test_a_user_pauses_nothing(client: TestClient, person: Callable[..., Person]) -> None:
    user = person()
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"{PAUSES}/batch_predict", headers=user.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert client.get(PAUSES, headers=user.headers).status_code == 403


def test_a_key_pauses_if_it_has_the_scope(
    client: TestClient, person: Callable[..., Person]
) -> None:
    operator = person(Role.OPERATOR)
    for scope, status in (("operate", 204), ("submit", 403)):
        wish = {"name": scope, "scopes": [scope]}
        key = client.post("/api/v1/keys", json=wish, headers=operator.headers).json()["key"]
        answer = client.delete(
            f"{PAUSES}/batch_predict", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == status
