"""Files that are uploaded once, and read by the jobs that name them."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Headers

WAIT = {"Prefer": "wait=30"}


def send(client: TestClient, headers: Headers, name: str, content: bytes) -> Any:
    return client.post("/api/v1/files", files={"file": (name, content)}, headers=headers)


@pytest.fixture
def name() -> str:
    return f"{uuid4().hex}.csv"


def test_a_file_is_stored_once_found_and_deleted(
    client: TestClient, alice: Headers, bob: Headers, name: str
) -> None:
    """The same bytes under the same name are the same file; after its deletion, again."""
    stored = send(client, alice, name, b"text\nhello\n")
    assert stored.status_code == 201, stored.text
    file = stored.json()
    assert (file["name"], file["size"]) == (name, 11)
    assert stored.headers["location"] == file["url"] == f"/api/v1/files/{file['id']}"
    assert send(client, alice, name, b"text\nhello\n").json() == file
    assert client.get(file["url"], headers=alice).json() == file
    assert client.get(file["url"], headers=bob).status_code == 404
    assert client.get("/api/v1/files?limit=1", headers=alice).json() == [file]
    assert client.delete(file["url"], headers=bob).status_code == 404
    assert client.delete(file["url"], headers=alice).status_code == 204
    assert client.get(file["url"], headers=alice).status_code == 404
    assert send(client, alice, name, b"text\nhello\n").json()["id"] == file["id"]
    assert client.get(file["url"], headers=alice).status_code == 200


def test_a_raw_body_is_called_what_the_query_says(client: TestClient, alice: Headers) -> None:
    plain = alice | {"Content-Type": "text/plain"}
    url = f"/api/v1/files?name={uuid4().hex}.txt"
    named = client.post(url, content=b"one\ntwo", headers=plain).json()
    assert named["name"] == url.partition("=")[2]
    unnamed = client.post("/api/v1/files", content=b"one\ntwo", headers=plain).json()
    assert unnamed["name"] == "upload.txt"


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({}, b"", 422),
        ({"Content-Type": "text/csv"}, b"", 422),
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "text/csv"}, b"a\n" * (2 << 20), 413),
    ],
)
def test_what_is_no_file_is_refused(
    client: TestClient, alice: Headers, headers: Headers, content: bytes, status: int
) -> None:
    answer = client.post("/api/v1/files", content=content, headers=alice | headers)
    assert answer.status_code == status, answer.text
    assert client.post("/api/v1/files", content=content, headers=headers).status_code == 401


@pytest.mark.parametrize("route", ["batch-predict", ""])
def test_a_batch_is_predicted_straight_from_a_file(
    client: TestClient, alice: Headers, name: str, route: str
) -> None:
    """Whichever way the job is submitted; items that cannot be answered are told one by one."""
    content = b'{"custom_id": "a", "text": "where is my parcel"}\nbroken\n'
    file = send(client, alice, name, content).json()["id"]
    wanted: dict[str, Any] = {"file": file}
    if not route:
        wanted = {"job_type": "batch_predict", "input": wanted}
    answer = client.post(f"/api/v1/jobs/{route}".rstrip("/"), json=wanted, headers=alice | WAIT)
    job = answer.json()
    assert job["status"] == "completed", job
    assert job["counts"] == {"total": 2, "succeeded": 1, "failed": 1, "remaining": 0}
    items = client.get(f"/api/v1/jobs/{job['job_id']}/results", headers=alice).json()["items"]
    assert [one["line"] for one in items] == [1, 2]
    assert items[0]["custom_id"] == "a"
    assert "JSON object" in items[1]["error"]


def test_a_file_of_somebody_else_is_no_file(
    client: TestClient, alice: Headers, bob: Headers, name: str
) -> None:
    file = send(client, bob, name, b"text\nhello\n").json()["id"]
    answer = client.post("/api/v1/jobs/batch-predict", json={"file": file}, headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/file", answer.text
