"""All of a user's jobs on one connection, by cursors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.http.live import router
from tests.http.conftest import Gate, Headers, Submit
from tests.http.sse import Told, events_of

URL = "/api/v1/jobs/stream"


@contextmanager
def watching(client: TestClient, user: Headers, query: str = "") -> Iterator[Iterator[Told]]:
    with client.stream("GET", URL + query, headers=user) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events_of(answer.iter_lines())


def until_ready(events: Iterator[Told]) -> tuple[list[Told], str]:
    """What is shown at first, and the cursor of the present."""
    shown: list[Told] = []
    for one in events:
        if one.event == "ready":
            assert one.id
            return shown, one.id
        shown.append(one)
    raise AssertionError("expected `ready`, but the stream ended")


def until_complete(events: Iterator[Told], job_ids: set[str]) -> list[Told]:
    """Everything up to the end of the last of these jobs."""
    seen: list[Told] = []
    left = set(job_ids)
    for one in events:
        seen.append(one)
        if one.event == "complete":
            left -= {one.data["job_id"]}
        if not left:
            return seen
    raise AssertionError(f"expected {left} to complete, but the stream ended")


def durable(seen: list[Told], job_id: str) -> list[tuple[str, Any]]:
    """A job's durable events without what differs from connection to connection: the ids, and
    how far the job is now."""
    return [
        (one.event, one.data | {"progress": None})
        for one in seen
        if one.id is not None and one.data.get("job_id") == job_id
    ]


def test_jobs_submitted_later_are_seen_to_their_ends(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """The stream goes on after each `complete`; every event says whose it is."""
    with watching(client, alice) as events:
        until_ready(events)
        job_ids = {submit(), submit("fail", input={"note": "rain"})}
        seen = [one for one in until_complete(events, job_ids) if one.data["job_id"] in job_ids]
    for job_id in job_ids:
        states = [
            one.data["status"]
            for one in seen
            if one.event == "update" and one.id is not None and one.data["job_id"] == job_id
        ]
        assert states == ["pending", "running"]
    ends = {one.data["status"]: one.data for one in seen if one.event == "complete"}
    assert ends.keys() == {"completed", "failed"}
    assert "rain" in ends["failed"]["error"]
    assert ends["completed"].keys() == {"job_id", "status", "error"}
    updates = [one.data for one in seen if one.event == "update"]
    assert all(one.keys() == {"status", "progress", "job_id"} for one in updates)


def test_the_present_is_shown_first(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit
) -> None:
    """An `update` and a `progress` of each unfinished job, then `ready` with the place."""
    gate.open()
    job_id = submit("steps", input=gate.input(2))
    with watching(client, alice) as events:
        while not any(one.event == "update" and one.data["job_id"] == job_id for one in events):
            pass
        progress = next(
            one for one in events if one.event == "progress" and one.data["job_id"] == job_id
        )
        assert progress.data["job_type"] == "steps"
        assert progress.id is None
        gate.open()
        until_complete(events, {job_id})


def test_a_cursor_goes_on_without_gap_or_double(
    client: TestClient, alice: Headers, submit: Submit, gate: Gate
) -> None:
    """Whatever is cut off in the middle comes once, in the same order, on the next connection."""
    with watching(client, alice) as events:
        _, begin = until_ready(events)
    gate.open(2)
    job_id = submit("steps", input=gate.input(2))
    with watching(client, alice, f"?after={begin}") as events:
        whole = durable(until_complete(events, {job_id}), job_id)
    assert {"metric", "log", "items", "checkpoint"} <= {event for event, _ in whole}
    with watching(client, alice, f"?after={begin}") as events:
        first = [next(events)]
        while len(durable(first, job_id)) < 5:
            first.append(next(events))
    cut = next(one.id for one in reversed(first) if one.id is not None)
    with watching(client, alice, f"?after={cut}") as events:
        rest = durable(until_complete(events, {job_id}), job_id)
    assert durable(first, job_id) + rest == whole


def test_nobody_sees_another_user_s_jobs(
    client: TestClient, alice: Headers, bob: Headers, submit: Submit
) -> None:
    """Not even with the other's cursor, which is a place and no key."""
    with watching(client, alice) as events:
        _, begin = until_ready(events)
    job_id = submit()
    with watching(client, alice, f"?after={begin}") as events:
        until_complete(events, {job_id})
    with watching(client, bob, f"?after={begin}") as events:
        shown, _ = until_ready(events)
        own = client.post("/api/v1/jobs", json={"job_type": "nothing"}, headers=bob).json()
        seen = shown + until_complete(events, {own["job_id"]})
    assert {one.data["job_id"] for one in seen} >= {own["job_id"]}
    assert job_id not in {one.data["job_id"] for one in seen}


@pytest.mark.parametrize("garbage", ["x", "-1", "7", "A" * 30, "٣", "", "x" * 8192])
def test_a_foreign_cursor_gives_the_present(
    client: TestClient, alice: Headers, garbage: str
) -> None:
    """It is no error, and no place in anybody's history."""
    with watching(client, alice, f"?after={garbage}") as events:
        shown, _ = until_ready(events)
    assert all(one.id is None for one in shown)


def test_a_cursor_of_a_list_is_none_of_the_stream(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """Each purpose has its own, so that no number of one is taken for one of the other."""
    submit()
    submit()
    link = client.get("/api/v1/jobs?limit=1", headers=alice).headers["link"]
    cursor = link.partition("cursor=")[2].partition(">")[0]
    with watching(client, alice, f"?after={cursor}") as events:
        shown, _ = until_ready(events)
    assert all(one.id is None for one in shown)


def test_the_stream_needs_a_token(client: TestClient) -> None:
    """As every call does."""
    assert client.get(URL).status_code == 401


def test_a_cancel_is_seen(client: TestClient, alice: Headers, gate: Gate, submit: Submit) -> None:
    """As the end of the job, without an error."""
    job_id = submit("steps", input=gate.input(1))
    with watching(client, alice) as events:
        until_ready(events)
        client.delete(f"/api/v1/jobs/{job_id}", headers=alice)
        end = until_complete(events, {job_id})[-1]
    assert end.data == {"job_id": job_id, "status": "cancelled", "error": None}


def test_the_route_of_all_jobs_stands_before_that_of_one() -> None:
    """Else `stream` would be taken for a job's id."""
    paths = [getattr(route, "path", "") for route in router.routes]
    assert paths.index("/api/v1/jobs/stream") < paths.index("/api/v1/jobs/{job_id}/stream")
