"""A job that was split, as its owner sees it: one job, with the results of all its shards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Headers, Submit
from tests.http.sse import Told, events_of

JOBS = "/api/v1/jobs"


class Steps:
    """Allows single steps of a job whose shards take two each."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder

    def allow(self, *steps: int) -> None:
        for step in steps:
            (self.folder / str(step)).touch()


@pytest.fixture
def steps(tmp_path: Any) -> Steps:
    return Steps(tmp_path)


@pytest.fixture
def read(client: TestClient, alice: Headers) -> Callable[..., Any]:
    def read(path: str, **query: Any) -> Any:
        answer = client.get(f"{JOBS}{path}", params=query, headers=alice)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


@pytest.fixture
def job_id(client: TestClient, alice: Headers, steps: Steps, submit: Submit) -> Iterator[str]:
    """Three shards, of which the second has ended and the first has not begun its first step."""
    steps.allow(3, 4)
    job_id = submit("shared_steps", input={"gate": str(steps.folder)})
    until(client, alice, job_id, "shard")
    yield job_id
    client.delete(f"{JOBS}/{job_id}", headers=alice)


def until(
    client: TestClient, headers: Headers, job_id: str, event: str, after: int = 0
) -> list[Told]:
    """What the job's stream tells, up to the first event of this kind."""
    told = []
    url = f"{JOBS}/{job_id}/stream?after={after}"
    with client.stream("GET", url, headers=headers) as stream:
        for one in events_of(stream.iter_lines()):
            told.append(one)
            if one.event == event:
                break
    return told


def test_the_job_is_one_job_to_whoever_asks(read: Callable[..., Any], job_id: str) -> None:
    job = read(f"/{job_id}")
    assert (job["status"], job["waiting_for"], job["shards"]) == ("running", "shards", 3)
    assert job["counts"] == {"total": 6, "succeeded": 2, "failed": 0, "remaining": 4}
    listed = read("", limit=1000)
    assert job_id in {one["job_id"] for one in listed}
    assert {one["parent"] for one in listed} == {None}


def test_its_shards_are_listed_where_they_are_asked_for(
    client: TestClient, bob: Headers, read: Callable[..., Any], job_id: str
) -> None:
    shards = read(f"/{job_id}/shards")
    assert [(one["parent"], one["shard"]) for one in shards] == [(job_id, n) for n in range(3)]
    assert [one["status"] for one in shards][1] == "completed"
    newest_first = read("", parent=job_id)
    assert [one["job_id"] for one in newest_first] == [one["job_id"] for one in shards][::-1]
    assert read(f"/{shards[1]['job_id']}")["result"] == {"steps": [3, 4]}
    assert client.get(f"{JOBS}/{job_id}/shards", headers=bob).status_code == 403
    assert client.get(JOBS, params={"parent": job_id}, headers=bob).json() == []
    assert client.get(f"{JOBS}/nobody/shards", headers=bob).status_code == 404


def test_a_page_of_shards_leads_to_the_next(
    client: TestClient, alice: Headers, job_id: str
) -> None:
    url, seen = f"{JOBS}?parent={job_id}&limit=2", []
    while url:
        answer = client.get(url, headers=alice)
        seen += [one["shard"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [2, 1, 0]


def test_results_come_in_the_order_of_the_input_while_shards_run(
    client: TestClient, alice: Headers, read: Callable[..., Any], steps: Steps, job_id: str
) -> None:
    """Those of a later shard from the moment on when all before it are there."""
    nothing = {"items": [], "next_cursor": 0, "complete": False}
    assert read(f"/{job_id}/results") == nothing
    last = int(read(f"/{job_id}/events")[-1]["id"])
    steps.allow(1)
    until(client, alice, job_id, "items", last)
    page = read(f"/{job_id}/results")
    assert [(one["index"], one["step"]) for one in page["items"]] == [(0, 1)]
    steps.allow(2, 5, 6)
    until(client, alice, job_id, "complete")
    rest = read(f"/{job_id}/results", cursor=page["next_cursor"])
    assert [(one["index"], one["step"]) for one in rest["items"]] == [
        (n, n + 1) for n in range(1, 6)
    ]
    assert rest["complete"]
    assert read(f"/{job_id}")["result"] == {"steps": [1, 2, 3, 4, 5, 6]}
    lines = client.get(f"{JOBS}/{job_id}/results.jsonl", headers=alice).text.splitlines()
    assert len(lines) == 6


def test_its_stream_tells_every_chunk_of_every_shard_once(
    client: TestClient, alice: Headers, read: Callable[..., Any], steps: Steps, job_id: str
) -> None:
    first = until(client, alice, job_id, "shard")
    last = max(int(one.id) for one in first if one.id is not None)
    steps.allow(1, 2, 5, 6)
    told = first + until(client, alice, job_id, "complete", last)
    numbers = [int(one.id) for one in told if one.id is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    chunks = [(one.data["shard"], one.data["first"]) for one in told if one.event == "items"]
    assert sorted(chunks) == [(shard, first) for shard in range(3) for first in range(2)]
    assert [one["event"] for one in read(f"/{job_id}/events")].count("shard") == 3


def test_cancelling_it_cancels_its_shards(
    client: TestClient, alice: Headers, read: Callable[..., Any], job_id: str
) -> None:
    """Which cannot be cancelled by themselves."""
    first = read(f"/{job_id}/shards")[0]["job_id"]
    refused = client.delete(f"{JOBS}/{first}", headers=alice)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert job_id in refused.json()["detail"]
    assert client.post(f"{JOBS}/{first}/retry", headers=alice).status_code == 409
    answer = client.delete(f"{JOBS}/{job_id}", headers=alice)
    assert (answer.status_code, answer.json()) == (200, {"message": "Job cancelled"})
    assert read(f"/{job_id}")["status"] == "cancelled"
    assert [one["status"] for one in read(f"/{job_id}/shards")] == [
        "cancelled", "completed", "cancelled",
    ]  # fmt: skip
