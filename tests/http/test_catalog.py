"""What there is: operations, data sets, models, health, and the description of it all."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.errors import StoreUnavailable
from headway.http.application import Application
from tests.http.conftest import Headers, Submit


def test_every_operation_is_listed_with_its_schema(client: TestClient, alice: Headers) -> None:
    """The built-in ones and the user's own."""
    listed = {one["job_type"]: one for one in get(client, "/api/v1/operations", alice)}
    assert {"batch_predict", "train_model", "evaluate_model", "import_csv"} <= listed.keys()
    assert listed["nothing"]["input_schema"]["properties"].keys() == {"note", "number"}
    assert listed["nothing"]["description"] == "Return at once."


def get(client: TestClient, path: str, headers: Headers) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(path, headers=headers).json()
    return found


def test_bundled_data_sets_and_models_are_everybody_s(client: TestClient, bob: Headers) -> None:
    """They come last, and need no row."""
    assert [one["name"] for one in get(client, "/api/v1/datasets", bob)][-2:] == ["sample", "test"]
    assert get(client, "/api/v1/models", bob)[-1]["id"] == "bundled:default"


def test_an_imported_data_set_is_its_owner_s(
    client: TestClient, alice: Headers, bob: Headers
) -> None:
    """He finds it under its name, and nobody else does."""
    csv = {"file": ("mine.csv", b"text,label\na,b\nc,d\n")}
    task_id = client.post("/imports", files=csv, headers=alice).json()["task_id"]
    wait = {"Prefer": "wait=30"}
    job = client.get(f"/api/v1/jobs/{task_id}", headers=alice | wait).json()
    mine = {one["id"]: one for one in get(client, "/api/v1/datasets", alice)}
    assert mine[job["result"]["dataset_id"]]["name"] == "mine"
    assert mine[job["result"]["dataset_id"]]["job_id"] == task_id
    assert job["result"]["dataset_id"] not in str(get(client, "/api/v1/datasets", bob))


def test_a_living_process_says_so(client: TestClient) -> None:
    """Without a look at the database."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_ready_service_says_what_it_stands_on(
    client: TestClient, submit: Submit, finished: Callable[[str], dict[str, Any]]
) -> None:
    """The store it writes to, and the workers it saw."""
    finished(submit())  # by then there is a worker, also where this test comes first
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["store"]["engine"] == "sqlite"
    assert answer.json()["workers"] >= 1


def test_a_service_that_cannot_write_is_not_ready(
    app: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, but still alive."""

    def unavailable() -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(app.parts.open().queue.oversight, "health", unavailable)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the database cannot be written"
    assert client.get("/healthz").status_code == 200


def test_the_first_page_leads_on(client: TestClient) -> None:
    """To what can be tried, also without scripts."""
    answer = client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/docs"' in answer.text
    assert client.get("/docs").status_code == 200


def test_openapi_describes_bodies_errors_and_how_to_sign_in(client: TestClient) -> None:
    """Every reference in it leads somewhere."""
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    submit = document["paths"]["/api/v1/jobs"]["post"]
    assert "job_type" in submit["requestBody"]["content"]["application/json"]["schema"]["required"]
    assert submit["security"] == [{"password": ["submit"]}]
    assert "security" not in document["paths"]["/healthz"]["get"]
    for status in ("400", "401", "413", "415", "422", "503"):
        assert "application/problem+json" in submit["responses"][status]["content"]
    assert "default" not in submit["responses"]
    for name in references(document):
        assert name in schemas


def test_openapi_tells_every_moment_as_one(client: TestClient) -> None:
    """So that whoever makes a client of it gets times, not texts."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    moments = {
        f"{schema}.{name}": [one.get("format") for one in field.get("anyOf", [field])]
        for schema, told in schemas.items()
        for name, field in told.get("properties", {}).items()
        if name.endswith("_at")
    }
    assert "DeliveryView.next_attempt_at" in moments
    assert [where for where, formats in moments.items() if "date-time" not in formats] == []


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()
