"""Server-Sent Events: the job as it moves, and everything durable exactly once."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.events.hub import BOUND
from headway.http.application import Application
from headway.store.sql_store import SqlStore
from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"
DURABLE = {"metric", "log", "items", "checkpoint"}


@dataclass(frozen=True)
class Seen:
    """One event as a client sees it."""

    event: str
    data: dict[str, Any]
    id: int | None


def events_of(lines: Iterator[str]) -> Iterator[Seen]:
    """Read a stream as its specification says."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield Seen(fields["event"], json.loads(fields["data"]), number)
            fields = {}


Watch = Callable[..., Any]


@pytest.fixture
def watch(client: TestClient, alice: Headers) -> Watch:
    @contextmanager
    def watch(job_id: str, query: str = "", **headers: str) -> Iterator[Iterator[Seen]]:
        url = f"{JOBS}/{job_id}/stream{query}"
        with client.stream("GET", url, headers=alice | headers) as answer:
            assert answer.status_code == 200
            yield events_of(answer.iter_lines())

    return watch


def test_a_stream_begins_with_the_present_and_ends_with_the_result(
    watch: Watch, gate: Gate, submit: Submit
) -> None:
    """`update` at once and on every change, `complete` exactly once and last, then the end."""
    job_id = submit("steps", input=gate.input(2))
    with watch(job_id) as events:
        first = next(events)
        assert (first.event, first.id) == ("update", None)
        assert first.data.keys() == {"status", "progress", "job_id"}
        assert first.data["job_id"] == job_id
        gate.open(2)
        rest = list(events)
    assert rest[-1].event == "complete"
    assert rest[-1].data == {"status": "completed", "result": {"steps": 2}, "error": None}
    assert [one.event for one in rest].count("complete") == 1
    assert rest[-2].data == {"status": "completed", "progress": 100.0, "job_id": job_id}
    updates = [one for one in rest if one.event == "update"]
    assert all(one.data.keys() == first.data.keys() for one in updates)
    progress = [one.data["progress"] for one in updates]
    assert progress == sorted(progress)


def test_durable_events_carry_ids_and_snapshots_none(
    watch: Watch, gate: Gate, submit: Submit
) -> None:
    """Ids grow by one: state changes, metrics, log lines, chunks and checkpoints have them."""
    gate.open(2)
    with watch(submit("steps", input=gate.input(2)), "?after=0") as events:
        seen = list(events)
    ids = [one.id for one in seen if one.id is not None]
    assert ids == list(range(1, len(ids) + 1))
    assert {one.event for one in seen if one.id is not None} == DURABLE | {"update", "complete"}
    assert {one.event for one in seen if one.id is None} <= {"update", "progress"}


def test_the_headers_forbid_keeping_and_buffering(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """No cache keeps a stream, and no proxy holds it back."""
    with client.stream("GET", f"{JOBS}/{submit()}/stream", headers=alice) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"


def test_a_finished_job_gives_its_end_at_once(
    watch: Watch, submit: Submit, finished: Callable[[str], Any]
) -> None:
    """One `update`, one `complete`, and the stream is over."""
    job_id = submit("fail", input={"note": "rain"})
    finished(job_id)
    with watch(job_id) as events:
        update, complete = list(events)
    assert update.data["status"] == "failed"
    assert complete.data["status"] == "failed"
    assert "rain" in complete.data["error"]


@pytest.mark.parametrize("by", ["header", "query"])
def test_a_reconnect_goes_on_where_it_was(
    watch: Watch, gate: Gate, submit: Submit, by: str
) -> None:
    """Every later durable event comes once, in order; what was seen does not come again."""
    job_id = submit("steps", input=gate.input(4))
    gate.open()
    seen: list[Seen] = []
    with watch(job_id, "?after=0") as events:
        for one in events:
            seen.append(one)
            if one.event == "metric":
                break
    gate.open(3)
    last = [one.id for one in seen if one.id is not None][-1]
    again = ("", {"Last-Event-ID": str(last)}) if by == "header" else (f"?after={last}", {})
    with watch(job_id, again[0], **again[1]) as events:
        seen += list(events)
    ids = [one.id for one in seen if one.id is not None]
    assert ids == list(range(1, len(ids) + 1))
    assert [one.data["step"] for one in seen if one.event == "metric"] == [1, 2, 3, 4]


def test_history_comes_before_the_present(
    watch: Watch, gate: Gate, submit: Submit, finished: Callable[[str], Any]
) -> None:
    """After the end, a viewer still gets all of it, then the result."""
    gate.open(3)
    job_id = submit("steps", input=gate.input(3))
    finished(job_id)
    with watch(job_id, "?after=0") as events:
        seen = list(events)
    ids = [one.id for one in seen if one.id is not None]
    assert ids == list(range(1, len(ids) + 1))
    assert [one.event for one in seen[-2:]] == ["update", "complete"]


@pytest.mark.parametrize(
    "garbage", ["x", "-1", "1e3", "999999", "9" * 40, "", "٣", "7" * 8192, "A" * 30]
)
def test_a_foreign_id_gives_the_present(
    watch: Watch, submit: Submit, finished: Callable[[str], Any], garbage: str
) -> None:
    """An id that is none of this job's is no error."""
    job_id = submit()
    finished(job_id)
    with watch(job_id, f"?after={garbage}") as events:
        assert [one.event for one in events] == ["update", "complete"]
    if garbage.isascii():
        with watch(job_id, **{"Last-Event-ID": garbage}) as events:
            assert [one.event for one in events] == ["update", "complete"]


def test_a_retried_job_has_one_end(
    client: TestClient, alice: Headers, watch: Watch, gate: Gate, submit: Submit
) -> None:
    """An earlier end in its history is one more `update`; only the last one closes the stream."""
    job_id = submit("steps", input=gate.input(1))
    client.delete(f"{JOBS}/{job_id}", headers=alice)
    client.post(f"{JOBS}/{job_id}/retry", headers=alice)
    gate.open()
    with watch(job_id, "?after=0") as events:
        seen = list(events)
    states = [one.data["status"] for one in seen if one.event == "update" and one.id is not None]
    assert states[0] == "pending"
    assert "cancelled" in states
    assert [one.event for one in seen].count("complete") == 1
    assert seen[-1].data["status"] == "completed"


def test_a_cancel_is_seen_by_who_watches(
    client: TestClient, alice: Headers, watch: Watch, gate: Gate, submit: Submit
) -> None:
    """The stream of a cancelled job ends with `complete`."""
    job_id = submit("steps", input=gate.input(1))
    with watch(job_id) as events:
        next(events)
        client.delete(f"{JOBS}/{job_id}", headers=alice)
        assert list(events)[-1].data == {"status": "cancelled", "result": None, "error": None}


def test_a_job_that_vanishes_ends_its_stream(
    app: Application, watch: Watch, gate: Gate, submit: Submit
) -> None:
    """`error` says so, and nothing follows."""
    job_id = submit("steps", input=gate.input(1))
    store = app.parts.open().service.store
    assert isinstance(store, SqlStore)
    with watch(job_id) as events:
        next(event for event in events if event.data.get("status") == "running")
        with store.jobs._db.write() as tx:  # noqa: SLF001 - nothing purges jobs yet
            tx.run("DELETE FROM jobs WHERE id = :id", {"id": job_id})
        last = list(events)[-1]
    assert (last.event, last.data) == ("error", {"error": "Job not found"})
    gate.open()


def test_a_long_history_is_told_whole(
    app: Application, watch: Watch, gate: Gate, submit: Submit
) -> None:
    """More events at once than a viewer's buffer holds, and more than a page."""
    count = 2 * BOUND
    gate.open(count)
    job_id = submit("steps", input=gate.input(count))
    with watch(job_id) as events:
        seen = list(events)
    ids = [one.id for one in seen if one.id is not None]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert [one.data["step"] for one in seen if one.event == "metric"][-1] == count
    with watch(job_id, "?after=0") as events:
        whole = [one.id for one in events if one.id is not None]
    assert whole == list(range(1, whole[-1] + 1))
    assert len(whole) > 4 * count
