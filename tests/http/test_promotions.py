"""Promotion that must be earned, and explanations, through the whole service."""

from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient

from tests.http.conftest import Headers

WAIT = {"Prefer": "wait=30"}


def test_an_alias_moves_only_to_what_is_not_worse(client: TestClient, alice: Headers) -> None:
    """The first one takes it, a worse one is refused with the reason, and history tells the job."""
    name = f"p-{uuid4().hex[:8]}"
    texts = [("good " + word, "yes") for word in "abcdefghij"] + [
        ("bad " + word, "no") for word in "abcdefghij"
    ]
    csv = "text,label\n" + "".join(f"{text},{label}\n" for text, label in texts)
    task = client.post("/imports", files={"file": (f"{name}.csv", csv)}, headers=alice).json()
    client.get(f"/imports/{task['task_id']}", headers=alice | WAIT)
    swapped = [(text, "no" if label == "yes" else "yes") for text, label in texts]
    for rows in (texts, swapped):
        examples = [{"text": text, "label": label} for text, label in rows]
        job = client.post(
            "/api/v1/jobs/train-model",
            json={"examples": examples, "name": name, "epochs": 2},
            headers=alice | WAIT,
        ).json()
        assert job["status"] == "completed", job
    url = f"/api/v1/models/{name}/aliases/champion"

    def promoted(version: int) -> dict[str, Any]:
        body = {"version": version, "data": name}
        answer = client.post(f"{url}/promote", json=body, headers=alice | WAIT)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["result"]
        return result | {"job_id": answer.json()["job_id"]}

    first, worse = promoted(1), promoted(2)
    assert (first["promoted"], first["champion"]) == (True, None)
    assert (worse["promoted"], worse["champion"]["macro_f1"]) == (False, 1.0)
    assert worse["reason"] == "expected a macro F1 not worse than 1.0000, got: 0.0000"
    found = client.get(f"/api/v1/models/{name}@champion", headers=alice).json()
    assert found["version"] == 1
    (move,) = client.get(f"{url}/history", headers=alice).json()
    assert (move["version"], move["job_id"]) == (1, first["job_id"])
    graph = client.get(f"/api/v1/models/{name}@1/lineage", headers=alice).json()
    moved = [(one["from"], one["to"]) for one in graph["edges"] if one["relation"] == "moved"]
    assert moved == [(first["job_id"], f"{name}@champion")]
    elsewhere = client.post(
        f"{url}/promote", json={"version": 2, "data": name, "expected": 2}, headers=alice
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "conflict")
    assert "got version 1: somebody moved it" in elsewhere.json()["detail"]
    _check_judged_in_vain(client, alice, name)
    _check_repeated(client, alice, name)
    unknown = client.post(f"{url}/promote", json={"version": 9, "data": name}, headers=alice)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_artifact")


def _check_judged_in_vain(client: TestClient, alice: Headers, name: str) -> None:
    """An alias that was moved while a job judged stays where it is, and the job says so."""
    url = f"/api/v1/models/{name}/aliases/champion"
    for condition in ({"new": True}, {"replaces": f"{name}@2"}):
        told = {"model": f"{name}@1", "alias": "champion", "data": name, **condition}
        job = client.post(
            "/api/v1/jobs", json={"job_type": "promote_model", "input": told}, headers=alice | WAIT
        ).json()
        assert job["status"] == "failed"
        assert "got version 1: somebody moved it meanwhile" in job["error"]
        assert job["attempt"] == 1
    assert len(client.get(f"{url}/history", headers=alice).json()) == 1


def _check_repeated(client: TestClient, alice: Headers, name: str) -> None:
    """A key stands for what was asked, also when the job itself has moved the alias since."""
    url = f"/api/v1/models/{name}/aliases/repeated"
    client.put(url, json={"version": 2}, headers=alice).raise_for_status()
    for asked in ({"version": 1}, {"version": 1, "expected": 2}):
        client.put(url, json={"version": 2}, headers=alice).raise_for_status()
        key = {"Idempotency-Key": uuid4().hex}
        body = {"data": name, **asked}
        first = client.post(f"{url}/promote", json=body, headers=alice | key | WAIT)
        assert first.json()["result"]["promoted"], first.text
        again = client.post(f"{url}/promote", json=body, headers=alice | key | WAIT)
        assert again.headers["idempotent-replayed"] == "true", again.text
        assert again.json()["job_id"] == first.json()["job_id"]
        other = {"data": name, **asked, "tolerance": 0.5}
        reused = client.post(f"{url}/promote", json=other, headers=alice | key)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


def test_a_prediction_can_be_explained(client: TestClient, alice: Headers) -> None:
    """By weights that add up, and only where it was asked for."""
    sample = client.get("/api/v1/datasets/bundled:sample/rows?limit=1", headers=alice).json()
    text = sample["rows"][0]["text"]
    body = {"text": text, "model": "bundled:default", "explain": True}
    told = client.post("/api/v1/predict", json=body, headers=alice).json()
    found = told["explanation"]
    assert found["label"] == told["prediction"]
    weights = [one["weight"] for one in found["tokens"]]
    assert abs(found["bias"] + sum(weights) + found["rest"] - found["score"]) < 1e-9
    assert {one["token"] for one in found["tokens"]} & set(text.lower().split())
    assert weights == sorted(weights, key=abs, reverse=True)
    plain = client.post("/api/v1/predict", json={"text": "x"}, headers=alice).json()
    assert "explanation" not in plain
