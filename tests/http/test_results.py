"""Results of single items, while the job runs and after."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"


@pytest.fixture
def results(client: TestClient, alice: Headers) -> Callable[..., dict[str, Any]]:
    def results(job_id: str, **query: Any) -> dict[str, Any]:
        answer = client.get(f"{JOBS}/{job_id}/results", params=query, headers=alice)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    return results


def until(client: TestClient, headers: Headers, job_id: str, event: str) -> None:
    """Wait for an event of a running job."""
    url = f"{JOBS}/{job_id}/stream?after=0"
    with client.stream("GET", url, headers=headers) as stream:
        next(line for line in stream.iter_lines() if line == f"event: {event}")


def test_items_can_be_read_while_the_job_runs(
    client: TestClient,
    alice: Headers,
    gate: Gate,
    submit: Submit,
    results: Callable[..., dict[str, Any]],
) -> None:
    """A page ends with a cursor from which the next one goes on, until all is complete."""
    job_id = submit("steps", input=gate.input(3))
    assert results(job_id) == {"items": [], "next_cursor": 0, "complete": False}
    gate.open()
    until(client, alice, job_id, "items")
    first = results(job_id)
    assert [item["index"] for item in first["items"]] == [0]
    assert (first["next_cursor"], first["complete"]) == (1, False)
    gate.open(2)
    until(client, alice, job_id, "complete")
    rest = results(job_id, cursor=first["next_cursor"])
    assert [item["step"] for item in rest["items"]] == [2, 3]
    assert (rest["next_cursor"], rest["complete"]) == (3, True)


@pytest.fixture
def ended(client: TestClient, alice: Headers, gate: Gate, submit: Submit) -> str:
    """A job with five items, of which those with an odd step have failed."""
    gate.open(5)
    job_id = submit("steps", input=gate.input(5))
    until(client, alice, job_id, "complete")
    return job_id


def test_pages_give_every_item_once(ended: str, results: Callable[..., dict[str, Any]]) -> None:
    """Whatever the limit."""
    seen: list[int] = []
    page = results(ended, limit=2)
    while page["items"]:
        seen += [item["index"] for item in page["items"]]
        page = results(ended, limit=2, cursor=page["next_cursor"])
    assert seen == [0, 1, 2, 3, 4]
    assert page["complete"] is True


def test_failed_items_can_be_asked_for_alone(
    ended: str, results: Callable[..., dict[str, Any]]
) -> None:
    """And so can those that succeeded."""
    assert [item["step"] for item in results(ended, status="failed")["items"]] == [1, 3, 5]
    assert [item["step"] for item in results(ended, status="succeeded")["items"]] == [2, 4]
    page = results(ended, status="failed", limit=2)
    assert results(ended, status="failed", cursor=page["next_cursor"])["items"][0]["step"] == 5


def test_items_come_as_json_lines_on_request(
    client: TestClient, alice: Headers, ended: str
) -> None:
    """One object a line; a `Link` leads on while there is more."""
    url = f"{JOBS}/{ended}/results"
    lines = alice | {"Accept": "application/x-ndjson"}
    first = client.get(f"{url}?limit=3", headers=lines)
    assert first.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line)["step"] for line in first.text.splitlines()] == [1, 2, 3]
    assert first.headers["link"] == f'<{url}?cursor=3>; rel="next"'
    rest = client.get(f"{url}?cursor=3", headers=lines)
    assert [json.loads(line)["step"] for line in rest.text.splitlines()] == [4, 5]
    assert "link" not in rest.headers


@pytest.mark.parametrize("query", ["cursor=-1", "cursor=x", "limit=0", "status=odd"])
def test_a_wrong_question_is_422(
    client: TestClient, alice: Headers, ended: str, query: str
) -> None:
    """It is refused rather than ignored."""
    assert client.get(f"{JOBS}/{ended}/results?{query}", headers=alice).status_code == 422


def test_counts_add_up(client: TestClient, alice: Headers, ended: str) -> None:
    """What succeeded, what failed and what remains make the total."""
    job = client.get(f"{JOBS}/{ended}", headers=alice).json()
    assert job["counts"] == {"total": 5, "succeeded": 2, "failed": 3, "remaining": 0}
