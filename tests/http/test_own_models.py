"""A model of the user's own, from its file to its answers."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from headway.http import own_models
from headway.verdict import Publication
from tests.http.conftest import Headers, application
from tests.http.test_limits import assert_limited, nothing, service

WAIT = {"Prefer": "wait=30"}
RULES = {"billing": ["invoice", "refund"], "parcels": ["parcel"]}


def bring(client: TestClient, headers: Headers, name: str, content: bytes) -> Any:
    files = {"file": ("rules.json", content)}
    url = f"/api/v1/models?name={name}&format=trial_rules"
    return client.post(url, files=files, headers=headers | WAIT)


@pytest.fixture(scope="module")
def rules(client: TestClient, alice: Headers) -> str:
    """The name of a model that a test brought along."""
    name = f"rules-{uuid4().hex[:8]}"
    answer = bring(client, alice, name, json.dumps(RULES).encode())
    assert answer.json()["status"] == "completed", answer.text
    return name


def test_one_text_is_answered_at_once(client: TestClient, alice: Headers, rules: str) -> None:
    body = {"text": "my invoice and a refund for a parcel", "model": rules}
    said = client.post("/api/v1/predict", json=body, headers=alice).json()
    assert (said["prediction"], round(said["confidence"], 3)) == ("billing", 0.667)
    assert said["model"] == f"{rules}@1"
    silent = client.post("/api/v1/predict", json=body | {"text": "x"}, headers=alice)
    assert (silent.status_code, silent.json()["code"]) == (502, "model_failed")
    assert "no known word" in silent.json()["detail"]


def test_texts_that_come_together_are_asked_about_together(
    client: TestClient, alice: Headers, rules: str
) -> None:
    """The model says how many it was asked about at once."""
    body = {"text": "how many parcel", "model": rules}

    def one(_: int) -> float:
        answer = client.post("/api/v1/predict", json=body, headers=alice)
        assert answer.status_code == 200, answer.text
        return 1 / float(answer.json()["confidence"])

    one(0)  # loads it
    with ThreadPoolExecutor(16) as pool:
        sizes = list(pool.map(one, range(32)))
    assert max(sizes) > 1


def test_a_single_prediction_is_counted_once_and_listed_nowhere(
    client: TestClient, alice: Headers, rules: str
) -> None:
    """It runs as a job, but as none of the user's."""

    def count() -> int:
        return int(client.get("/api/v1/users/me", headers=alice).json()["request_count"])

    before = count()
    body = {"text": "parcel", "model": rules}
    for asked in range(1, 4):
        assert client.post("/api/v1/predict", json=body, headers=alice).status_code == 200
        assert count() == before + asked
    listed = client.get("/api/v1/jobs?limit=1000", headers=alice).json()
    assert "ask_model" not in {job["job_type"] for job in listed}


def test_it_is_evaluated_and_promoted_as_any_other(
    client: TestClient, alice: Headers, rules: str
) -> None:
    """A text without an answer counts as missed."""
    csv = "text,label\nmy parcel,parcels\nan invoice,billing\na refund,billing\nhello,billing\n"
    task = client.post("/imports", files={"file": (f"{rules}.csv", csv)}, headers=alice).json()
    client.get(f"/imports/{task['task_id']}", headers=alice | WAIT)
    wanted = {"data": rules, "model": rules}
    job = client.post("/api/v1/jobs/evaluate-model", json=wanted, headers=alice | WAIT).json()
    assert job["status"] == "completed", job
    assert (job["result"]["rows"], job["result"]["accuracy"]) == (4, 0.75)
    url = f"/api/v1/models/{rules}/aliases/champion/promote"
    body = {"version": 1, "data": rules, "at_least": 0.3}
    promoted = client.post(url, json=body, headers=alice | WAIT).json()
    assert promoted["status"] == "completed", promoted
    assert promoted["result"]["promoted"]
    assert promoted["result"]["candidate"]["accuracy"] == 0.75


def test_a_batch_goes_through_it_and_its_failed_texts_can_be_tried_again(
    client: TestClient, alice: Headers, rules: str
) -> None:
    body = {
        "job_type": "batch_predict",
        "input": {"texts": ["parcel", "x", "refund"], "model": rules},
    }
    job = client.post("/api/v1/jobs", json=body, headers=alice | WAIT).json()
    assert job["counts"] == {"total": 3, "succeeded": 2, "failed": 1, "remaining": 0}
    told = [one["prediction"] for one in job["result"]["predictions"]]
    assert told == ["parcels", None, "billing"]
    url = f"/api/v1/jobs/{job['job_id']}"
    client.post(f"{url}/retry?items=failed", headers=alice)
    again = client.get(url, headers=alice | WAIT).json()
    assert (again["status"], again["counts"]["failed"]) == ("completed", 1)
    assert again["result"] == job["result"]


def test_a_model_that_takes_its_process_down_fails_its_own_request(
    client: TestClient, alice: Headers, rules: str
) -> None:
    """The service answers on, and so does the model."""
    body = {"text": "die now", "model": rules}
    answer = client.post("/api/v1/predict", json=body, headers=alice)
    assert answer.status_code in (502, 503), answer.text
    assert client.get("/healthz").status_code == 200
    fine = client.post("/api/v1/predict", json=body | {"text": "parcel"}, headers=alice)
    assert fine.json()["prediction"] == "parcels"


def test_what_cannot_be_a_model_is_refused(client: TestClient, alice: Headers) -> None:
    """A pickle before it is kept, a file that cannot be loaded by the job that tries."""
    refused = bring(client, alice, "x", pickle.dumps(RULES))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/file")
    assert "run whatever code they name" in refused.json()["detail"]
    unknown = client.post(
        "/api/v1/models?name=x&format=nope", files={"file": ("a", b"{}")}, headers=alice
    )
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_input")


def ask_without_worker(client: TestClient, alice: Headers) -> Any:
    """Ask a model of alice's that no worker answers for."""
    parts = application(client).parts.open()
    if not parts.catalog.find("alice", "model"):
        told: dict[str, Any] = {"sha256": "0" * 64, "size": 1, "meta": {"format": "trial_rules"}}
        made = Publication(id=str(uuid4()), kind="model", name="mine", path="models/mine", **told)
        parts.service.store.artifacts.add("alice", made)
    return client.post("/api/v1/predict", json={"text": "x", "model": "mine"}, headers=alice)


def test_a_question_that_nobody_waits_for_is_taken_back(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be asked all the same, ahead of everybody: each who asks again would add one."""
    monkeypatch.setattr(own_models, "SECONDS", 0.05)
    with service(data_dir, max_queued=1) as (client, alice):
        for _ in range(3):
            answer = ask_without_worker(client, alice)
            assert (answer.status_code, answer.json()["code"]) == (503, "model_busy")


def test_a_question_that_there_is_no_room_for_says_so(data_dir: Path) -> None:
    with service(data_dir, max_queued=1) as (client, alice):
        nothing(client, alice)
        assert_limited(ask_without_worker(client, alice), 503, "queue_full", 1, 1)
