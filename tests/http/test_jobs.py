"""Jobs after they were made: find, look, cancel, retry, and what happened to them."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.job import Json
from headway.wire.jobs import JobView, brief
from tests.http.conftest import Gate, Headers, Submit, sign_in

JOBS = "/api/v1/jobs"
Finished = Callable[[str], dict[str, Any]]
UNKNOWN = "00000000-0000-4000-8000-000000000000"

FIXED = {
    "job_id", "job_type", "status", "created_at", "started_at", "completed_at", "progress",
    "result", "error", "user_id",
}  # fmt: skip


def test_a_job_has_the_fixed_fields(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """All of them, and what else there is fits the published model."""
    job = finished(submit(input={"note": "x"}))
    assert job.keys() >= FIXED
    assert JobView.model_validate(job).model_dump().keys() == job.keys()
    assert (job["user_id"], job["status"], job["progress"]) == ("alice", "completed", 100)
    times = [job["created_at"], job["started_at"], job["completed_at"]]
    assert times == sorted(times)
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}(\.\d+)?Z", time) for time in times)
    assert datetime.fromisoformat(times[0]).tzinfo is not None


def test_a_failed_job_has_its_sentence(submit: Submit, finished: Finished) -> None:
    """What the operation raised is the job's `error`."""
    job = finished(submit("fail", input={"note": "rain"}))
    assert (job["status"], job["result"]) == ("failed", None)
    assert "rain" in job["error"]


EACH = [
    ("GET", ""),
    ("DELETE", ""),
    ("POST", "/cancel"),
    ("POST", "/retry"),
    ("GET", "/stream"),
    ("GET", "/events"),
    ("GET", "/metrics"),
    ("GET", "/logs"),
    ("GET", "/attempts"),
    ("GET", "/results"),
]


@pytest.mark.parametrize(("method", "below"), EACH)
def test_an_unknown_job_is_404(client: TestClient, alice: Headers, method: str, below: str) -> None:
    """With the very words of the contract."""
    for job_id in (UNKNOWN, "x", "%00", "%F0%9F%98%80", "a" * 500):
        answer = client.request(method, f"{JOBS}/{job_id}{below}", headers=alice)
        assert answer.status_code == 404
        assert answer.json()["detail"] == "Job not found"


@pytest.mark.parametrize(("method", "below"), EACH)
def test_another_user_s_job_is_403(
    client: TestClient, bob: Headers, submit: Submit, method: str, below: str
) -> None:
    """With the very words of the contract, and nothing of the job."""
    job_id = submit(input={"note": "private matter"})
    answer = client.request(method, f"{JOBS}/{job_id}{below}", headers=bob)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Not authorized"
    assert "private" not in answer.text


def test_a_conditional_get_of_another_user_s_job_is_403(
    client: TestClient, bob: Headers, submit: Submit
) -> None:
    """The cheap way is no way around."""
    url = f"{JOBS}/{submit()}"
    assert client.get(url, headers=bob | {"If-None-Match": "*"}).status_code == 403
    assert client.get(url, headers=bob | {"Prefer": "wait=1"}).status_code == 403


def test_jobs_are_listed_newest_first_and_only_one_s_own(
    client: TestClient, alice: Headers, bob: Headers, submit: Submit
) -> None:
    """A plain JSON list."""
    made = [submit() for _ in range(3)]
    listed = client.get(f"{JOBS}?limit=3", headers=alice).json()
    assert [job["job_id"] for job in listed] == made[::-1]
    others = client.get(f"{JOBS}?limit=1000", headers=bob).json()
    assert {job["user_id"] for job in others} <= {"bob"}


def test_a_list_is_filtered_by_state_and_type(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """Filters can be repeated and combined."""
    good, bad = submit(), submit("fail")
    finished(good), finished(bad)

    def ids(query: str) -> list[str]:
        return [job["job_id"] for job in client.get(f"{JOBS}?{query}", headers=alice).json()]

    assert ids("job_type=fail&limit=1") == [bad]
    assert good not in ids("status=failed")
    assert ids("status=failed&status=completed&limit=2") == [bad, good]
    assert ids("job_type=no_such_type") == []


def test_a_list_is_paged_by_its_link(client: TestClient, alice: Headers, submit: Submit) -> None:
    """Following `rel="next"` gives every job once, though new ones come in the meantime."""
    made = [submit(metadata={"page": "yes"}) for _ in range(5)]
    seen: list[str] = []
    url: str | None = f"{JOBS}?limit=2&status=pending&status=running&status=completed"
    while url is not None and not set(made) <= set(seen):
        answer = client.get(url, headers=alice)
        assert len(answer.json()) <= 2
        seen += [job["job_id"] for job in answer.json()]
        submit()
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = None if link is None else link[1]
    assert [job_id for job_id in seen if job_id in made] == made[::-1]
    assert len(seen) == len(set(seen))


def test_a_list_tells_results_in_brief_where_that_is_asked_for(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """On all of its pages; and in full where it is not."""
    jobs = [submit(input={"note": note}) for note in ("x" * 201, "x" * 200)]
    for job in jobs:
        finished(job)
    page = client.get(f"{JOBS}?limit=1&result=brief", headers=alice)
    assert page.json()[0]["result"] == {"note": "x" * 200}
    following = client.get(page.links["next"]["url"], headers=alice)
    assert (following.json()[0]["job_id"], following.json()[0]["result"]) == (jobs[0], {})
    whole = client.get(f"{JOBS}?limit=2", headers=alice).json()
    assert [len(one["result"]["note"]) for one in whole] == [200, 201]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"a": 1, "b": 0.5, "c": True, "d": None, "e": "x"},) * 2,
        ({"rows": 3, "predictions": [1], "more": {"x": 1}, "text": "x" * 201}, {"rows": 3}),
        ([1], None), ("x" * 201, None), ("x", "x"), (7, 7), (None, None),
    ],
)  # fmt: skip
def test_a_brief_result_fits_into_a_line(result: Json, told: Json) -> None:
    """Whatever an operation returns."""
    assert brief(result) == told


def test_the_last_page_has_no_link(client: TestClient) -> None:
    """Where nothing follows, nothing is promised."""
    headers = sign_in(client, "bob", "secret456")
    client.post(JOBS, json={"job_type": "fail", "max_attempts": 1}, headers=headers)
    answer = client.get(f"{JOBS}?job_type=fail&limit=1000", headers=headers)
    assert len(answer.json()) >= 1
    assert "link" not in answer.headers


@pytest.mark.parametrize("cursor", ["", "x", "1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "ä", "a" * 90])
def test_a_made_up_cursor_is_422(client: TestClient, alice: Headers, cursor: str) -> None:
    """Cursors are signed: nobody can count through other people's jobs."""
    answer = client.get(JOBS, params={"cursor": cursor}, headers=alice)
    assert answer.status_code == 422


@pytest.mark.parametrize("query", ["status=done", "limit=0", "limit=1001", "limit=x"])
def test_a_wrong_filter_is_422(client: TestClient, alice: Headers, query: str) -> None:
    """It is refused rather than ignored."""
    assert client.get(f"{JOBS}?{query}", headers=alice).status_code == 422


def test_polling_an_unchanged_job_costs_nothing(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit, finished: Finished
) -> None:
    """A weak ETag and 304 while nothing changes; `Retry-After` until the end."""
    url = f"{JOBS}/{submit('steps', input=gate.input(1))}"
    with client.stream("GET", f"{url}/stream", headers=alice) as stream:
        # The first that an attempt says comes a moment after its beginning, and is a change too.
        next(line for line in stream.iter_lines() if '"total":1' in line)
    running = client.get(url, headers=alice)
    assert re.fullmatch(r'W/"\d+"', running.headers["etag"])
    assert running.headers["retry-after"] == "1"
    known = {"If-None-Match": f'"other", {running.headers["etag"]}'}
    unchanged = client.get(url, headers=alice | known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == running.headers["etag"]
    assert unchanged.headers["retry-after"] == "1"
    gate.open()
    finished(url.rpartition("/")[2])
    ended = client.get(url, headers=alice | known)
    assert ended.status_code == 200
    assert ended.headers["etag"] != running.headers["etag"]
    assert "retry-after" not in ended.headers


@pytest.mark.parametrize(("method", "below"), [("DELETE", ""), ("POST", "/cancel")])
def test_a_cancelled_job_is_cancelled_at_once(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit, method: str, below: str
) -> None:
    """The very next GET says so, and a second cancel is refused."""
    url = f"{JOBS}/{submit('steps', input=gate.input(1))}"
    answer = client.request(method, url + below, headers=alice)
    assert (answer.status_code, answer.json()) == (200, {"message": "Job cancelled"})
    assert client.get(url, headers=alice).json()["status"] == "cancelled"
    again = client.request(method, url + below, headers=alice)
    assert again.status_code == 400
    assert again.json()["detail"] == "Cannot cancel completed job"


def test_a_finished_job_cannot_be_cancelled(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """400 with the very words of the contract."""
    job_id = submit()
    finished(job_id)
    answer = client.delete(f"{JOBS}/{job_id}", headers=alice)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Cannot cancel completed job"


def test_a_failed_job_can_be_retried_and_no_other(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """It gets new attempts; a completed one is a conflict."""
    failed, completed = submit("fail"), submit()
    finished(failed), finished(completed)
    answer = client.post(f"{JOBS}/{failed}/retry", headers=alice)
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert finished(failed)["status"] == "failed"
    assert client.post(f"{JOBS}/{completed}/retry", headers=alice).status_code == 409


def test_what_happened_can_be_read_later(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit, finished: Finished
) -> None:
    """Events are numbered from 1 without gaps; metrics and logs are those of their kind."""
    gate.open(2)
    url = f"{JOBS}/{submit('steps', input=gate.input(2))}"
    finished(url.rpartition("/")[2])

    def read(below: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get(f"{url}/{below}", headers=alice).json()
        return found

    events = read("events")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert {"status", "metric", "log", "items", "checkpoint"} == {one["event"] for one in events}
    assert read("events?after=3&limit=2") == events[3:5]
    assert [one["data"] for one in read("metrics")] == [
        {"step": 1, "values": {"height": 0.5}},
        {"step": 2, "values": {"height": 1.0}},
    ]
    assert [one["data"]["message"] for one in read("logs")] == ["step 1", "step 2"]


def test_every_ended_attempt_is_accounted_for(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """Where it ran, how long, and why it ended."""
    job_id = submit("fail")
    finished(job_id)
    (attempt,) = client.get(f"{JOBS}/{job_id}/attempts", headers=alice).json()
    assert (attempt["number"], attempt["exit_reason"]) == (1, "failed")
    assert attempt["host"] != ""
    assert "token" not in attempt


def test_no_answer_tells_what_only_workers_need(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """No lease, no worker, no inner number, no path."""
    job = finished(submit())
    assert job.keys().isdisjoint({"seq", "worker", "lease_token", "version", "uses", "path"})
