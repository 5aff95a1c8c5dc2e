"""An `Idempotency-Key` stands for what was asked, whatever has become of it since."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Headers

JOBS = "/api/v1/jobs"
WAIT = {"Prefer": "wait=30"}
CSV = b"text,label\n" + b"good day,hello\nfare well,bye\n" * 10


@pytest.fixture
def key() -> Headers:
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def dataset(client: TestClient, alice: Headers) -> str:
    """A data set of alice's: its name."""
    name = f"set-{uuid4().hex}"
    sent = alice | WAIT | {"Content-Type": "text/csv"}
    answer = client.post(f"/imports?name={name}", content=CSV, headers=sent)
    assert answer.json()["status"] == "complete", answer.text
    return name


def bulk(body: Any) -> Any:
    return {"jobs": [{"job_type": "nothing"}, {"job_type": "train_model", "input": body}]}


@pytest.mark.parametrize("way", ["train-model", "bulk"])
def test_a_submission_is_replayed_though_what_it_names_is_gone(
    client: TestClient, alice: Headers, key: Headers, dataset: str, way: str
) -> None:
    """As it was answered first; another request under the key is refused as such, and a new one for
    what it names."""
    wanted: Any = {"data": dataset, "epochs": 1}
    other: Any = wanted | {"epochs": 2}
    if way == "bulk":
        wanted, other = bulk(wanted), bulk(other)
    first = client.post(f"{JOBS}/{way}", json=wanted, headers=alice | key)
    for one in first.json().get("jobs", [first.json()]):
        client.delete(f"{JOBS}/{one['job_id']}", headers=alice)
    assert client.delete(f"/api/v1/datasets/{dataset}", headers=alice).status_code == 204
    again = client.post(f"{JOBS}/{way}", json=wanted, headers=alice | key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    reused = client.post(f"{JOBS}/{way}", json=other, headers=alice | key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    fresh = alice | {"Idempotency-Key": uuid4().hex}
    unknown = client.post(f"{JOBS}/{way}", json=wanted, headers=fresh)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_artifact")


def test_an_upload_is_replayed(client: TestClient, alice: Headers, key: Headers) -> None:
    """Also once the file is deleted. Other content or another name under its key is refused, as is a
    key that is none."""
    url, csv = f"/api/v1/files?name={uuid4().hex}.csv", {"Content-Type": "text/csv"}
    first = client.post(url, content=CSV, headers=alice | csv | key)
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    again = client.post(url, content=CSV, headers=alice | csv | key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"] == first.json()["url"]
    assert client.delete(first.json()["url"], headers=alice).status_code == 204
    again = client.post(url, content=CSV, headers=alice | csv | key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert client.get(first.json()["url"], headers=alice).status_code == 404
    for other, content in ((url, CSV * 2), (f"{url}.csv", CSV)):
        reused = client.post(other, content=content, headers=alice | csv | key)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    bad = client.post(url, content=CSV, headers=alice | csv | {"Idempotency-Key": "two words"})
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_idempotency_key")


def test_a_stranger_is_told_that_he_is_one_before_his_key_is_looked_at(
    client: TestClient, alice: Headers
) -> None:
    """401, and to whom we know 400."""
    bad = {"Idempotency-Key": "two words"}
    for url in ("/api/v1/keys", f"{JOBS}/x/cancel", f"{JOBS}/x/retry", JOBS, "/api/v1/files"):
        assert client.post(url, headers=bad).status_code == 401, url
        assert client.post(url, headers=alice | bad).status_code in (400, 422), url
    assert client.post("/api/v1/keys", headers=alice | bad).status_code == 400
