"""Workers, queues and estimates, as users see them."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.http.conftest import Gate, Headers, Submit
from tests.waiting import eventually

Finished = Callable[[str], dict[str, Any]]


def running(client: TestClient, user: Headers, job_id: str) -> None:
    """Wait until the job runs."""
    with client.stream("GET", f"/api/v1/jobs/{job_id}/stream?after=0", headers=user) as answer:
        next(line for line in answer.iter_lines() if '"status":"running"' in line)


def test_a_worker_shows_each_user_his_own_jobs(
    client: TestClient, alice: Headers, bob: Headers, gate: Gate, submit: Submit
) -> None:
    """Bob sees that the worker is busy, not with what."""
    job_id = submit("steps", input=gate.input(1))
    running(client, alice, job_id)
    (worker,) = client.get("/api/v1/workers", headers=alice).json()
    assert job_id in worker["job_ids"]
    assert worker["running"] >= len(worker["job_ids"]) >= 1
    assert worker["slots"] >= 1
    assert worker["async_slots"] == 400
    assert "steps" in worker["operations"]
    assert 0 <= worker["heartbeat_age_seconds"] < 60
    (same,) = client.get("/api/v1/workers", headers=bob).json()
    assert same["worker_id"] == worker["worker_id"]
    assert job_id not in same["job_ids"]
    gate.open()


def test_the_queue_is_told_by_operation_and_minute(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit, finished: Finished
) -> None:
    """What waits, what is delayed, what runs; and sixty minutes of what ended."""
    finished(submit())
    finished(submit("fail"))
    job_id = submit("steps", input=gate.input(1))
    later = submit(run_at="2100-01-01T00:00:00Z")
    running(client, alice, job_id)
    queue = client.get("/api/v1/queue", headers=alice).json()
    of = {one["job_type"]: one for one in queue["operations"]}
    assert of["steps"]["running"] >= 1
    assert of["nothing"]["delayed"] >= 1
    assert queue["running"] >= 1
    assert queue["delayed"] >= 1
    assert len(queue["minutes"]) == 60
    assert [one["at"] for one in queue["minutes"]] == sorted(one["at"] for one in queue["minutes"])
    assert sum(one["completed"] for one in queue["minutes"]) >= 1
    hour = {one["job_type"]: one for one in queue["last_hour"]}
    assert hour["nothing"]["completed"] >= 1
    assert hour["nothing"]["mean_seconds"] >= 0
    assert hour["fail"]["failed"] >= 1
    assert hour["fail"]["mean_seconds"] is None
    client.delete(f"/api/v1/jobs/{later}", headers=alice)
    gate.open()


def test_both_need_a_token(client: TestClient) -> None:
    """As every call does."""
    assert client.get("/api/v1/workers").status_code == 401
    assert client.get("/api/v1/queue").status_code == 401


def test_a_delayed_job_has_an_estimate_that_leaves_its_etag_alone(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """In the single answer and in the list; and an unchanged job is still a 304."""
    finished(submit())
    job_id = submit(run_at="2100-01-01T00:00:00Z")

    def estimated() -> Any:
        """What is told once the look that all share is later than the end of the first job."""
        answer = client.get(f"/api/v1/jobs/{job_id}", headers=alice)
        return answer if answer.json()["eta_seconds"] is not None else None

    answer = eventually(estimated)
    eta = answer.json()["eta_seconds"]
    assert 0 < eta["low"] <= eta["high"]
    assert answer.json()["queue_position"] is None
    listed = client.get("/api/v1/jobs", headers=alice).json()
    assert next(one for one in listed if one["job_id"] == job_id)["eta_seconds"]["low"] > 0
    known = alice | {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"/api/v1/jobs/{job_id}", headers=known).status_code == 304
    client.delete(f"/api/v1/jobs/{job_id}", headers=alice)
    ended = client.get(f"/api/v1/jobs/{job_id}", headers=alice).json()
    assert ended["eta_seconds"] is None
