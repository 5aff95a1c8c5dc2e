"""What `/metrics` tells agrees with the store, and tells of nobody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from headway.http.app import create_app
from headway.settings import Settings
from tests.http.conftest import OPERATIONS, Gate, Headers, Submit, application, sign_in
from tests.http.test_overview import running

Finished = Callable[[str], dict[str, Any]]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(client: TestClient, **headers: str) -> Samples:
    """Every sample, by name and labels but for that of the process."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "process"))
            assert (sample.name, labels) not in found
            found[sample.name, labels] = sample.value
    return found


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


def test_ends_and_claims_are_counted_while_jobs_run(
    client: TestClient, gate: Gate, submit: Submit, finished: Finished, alice: Headers
) -> None:
    """Two complete, one fails, one runs: each counter moves by just that."""
    before = scraped(client)
    held = submit("steps", input=gate.input(1))
    running(client, alice, held)
    for name in ("nothing", "nothing", "fail"):
        finished(submit(name))
    submit(run_at="2100-01-01T00:00:00Z")
    after = scraped(client)

    def moved(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    assert moved("headway_jobs_ended_total", operation="nothing", outcome="completed") == 2
    assert moved("headway_jobs_ended_total", operation="fail", outcome="failed") == 1
    assert moved("headway_claims_total", operation="nothing") == 2
    assert moved("headway_job_seconds_count", operation="nothing", outcome="completed") == 2
    assert of(after, "headway_jobs_running", operation="steps") >= 1
    assert of(after, "headway_jobs_delayed", operation="nothing") >= 1
    assert of(after, "headway_workers") == 1
    assert of(after, "headway_worker_async_slots") == 400
    submitted = {"method": "POST", "route": "/api/v1/jobs", "status": "202"}
    assert moved("headway_http_requests_total", **submitted) == 5
    assert moved("headway_http_request_seconds_count", route="/api/v1/jobs") >= 5
    assert moved("headway_store_commit_seconds_count", of="submissions") == 5
    assert of(after, "headway_http_in_flight") == 0  # who scrapes is not counted
    assert of(after, "process_resident_memory_bytes") > 1e6
    gate.open()
    finished(held)


@contextmanager
def service(data_dir: Path, **settings: Any) -> Iterator[TestClient]:
    app = create_app(
        Settings(data_dir=data_dir, operations=OPERATIONS, embedded_worker=False, **settings)
    )
    try:
        yield TestClient(app)
    finally:
        app.parts.close()


def test_queues_are_told_by_operation_and_priority(data_dir: Path) -> None:
    """As long as they are, with the age of their oldest; what is paused and what is held."""
    with service(data_dir, max_running_per_user=4) as client:
        alice = sign_in(client, "alice", "secret123")
        for priority in (0, 5, 5, 5, 5, 5):
            job = {"job_type": "nothing", "priority": priority}
            assert client.post("/api/v1/jobs", json=job, headers=alice).status_code == 202
        application(client).parts.open().queue.oversight.pause("fail")
        found = scraped(client)
        assert of(found, "headway_jobs_waiting", operation="nothing", priority="0") == 1
        assert of(found, "headway_jobs_waiting", operation="nothing", priority="5") == 3
        assert of(found, "headway_oldest_waiting_seconds", operation="nothing", priority="5") > 0
        assert of(found, "headway_jobs_held") == 2
        assert of(found, "headway_operation_paused", operation="fail") == 1
        assert of(found, "headway_store_log_bytes") > 0


def test_nothing_tells_of_a_user_or_a_job(
    client: TestClient, submit: Submit, finished: Finished, alice: Headers
) -> None:
    """Labels are operations, routes and the like; an unknown path or method is none of them."""
    job = finished(submit())
    client.get("/no/such/path/alice", headers=alice)
    client.request("BREW", "/healthz")
    text = client.get("/metrics").text
    for word in ("alice", job["job_id"], "/no/such/path", "BREW"):
        assert word not in text
    assert 'route="none"' in text
    assert 'method="OTHER"' in text


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, 401),
        ("8.8.8.8", {}, 401),
        ("8.8.8.8", {"Authorization": "Bearer wrong"}, 401),
        ("8.8.8.8", {"Authorization": "Bearer let me see"}, 200),
    ],
)
def test_who_may_read_them(data_dir: Path, host: str, headers: dict[str, str], status: int) -> None:
    """This host, but no proxy on it; others with the token."""
    settings = Settings.model_validate(
        {
            "data_dir": data_dir,
            "allow_remote": True,
            "embedded_worker": False,
            "metrics_token": "let me see",
        }
    )
    app = create_app(settings)
    try:
        answer = TestClient(app, client=(host, 5000)).get("/metrics", headers=headers)
        assert answer.status_code == status
    finally:
        app.parts.close()


def test_without_a_token_other_hosts_read_nothing(data_dir: Path) -> None:
    """And are told what to set."""
    with service(data_dir, allow_remote=True) as client:
        answer = TestClient(client.app, client=("8.8.8.8", 1)).get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (403, "metrics_local_only")
        assert "HEADWAY_METRICS_TOKEN" in answer.json()["detail"]
