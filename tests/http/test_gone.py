"""A job whose history was removed is told apart from one that never was."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from headway.http.application import Application
from tests.http.conftest import Headers, Submit


def test_a_pruned_job_is_410_to_its_owner_and_403_to_others(
    app: Application,
    client: TestClient,
    alice: Headers,
    bob: Headers,
    submit: Submit,
    finished: Callable[[str], dict[str, Any]],
) -> None:
    job_id = submit()
    finished(job_id)
    store = app.parts.open().service.store
    job = store.jobs.get(job_id)
    assert job is not None
    assert store.retention.prune(0.0, after=job.seq - 1, limit=1).jobs == [job_id]
    for path in ("", "/results", "/stream"):
        answer = client.get(f"/api/v1/jobs/{job_id}{path}", headers=alice)
        assert answer.status_code == 410, (path, answer.text)
        assert answer.json()["code"] == "gone"
        assert "This job ended as completed on " in answer.json()["detail"]
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bob)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Not authorized")
    assert client.get("/api/v1/jobs/never-was", headers=alice).status_code in (404, 422)
