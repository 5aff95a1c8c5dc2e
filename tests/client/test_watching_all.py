"""The events of all of a user's jobs, on one line, whatever becomes of it."""

import pytest

from headway.client import Client, JobsEvent
from tests.client.fake_clock import FakeClock
from tests.client.service import Service
from tests.client.test_events import Cutting
from tests.http.conftest import Gate


def test_jobs_of_before_come_first_then_ready_then_what_happens(client: Client, gate: Gate) -> None:
    """Also to jobs that are submitted later; the events of one job come in its order."""
    before = client.submit("steps", gate.input(1))
    seen: list[JobsEvent] = []
    later = None
    for event in client.watch():
        seen.append(event)
        if event.name == "ready":
            later = client.submit("nothing")
            gate.open()
        if ends(seen) >= {job.id for job in (before, later) if job is not None} and later:
            break
    names = [one.name for one in seen if one.data.get("job_id") == before.id]
    assert names[0] == "update"
    assert names[-1] == "complete"
    assert names.count("complete") == 1


def ends(seen: list[JobsEvent]) -> set[str]:
    return {one.data["job_id"] for one in seen if one.name == "complete"}


def test_a_cursor_goes_on_where_somebody_stopped(client: Client) -> None:
    """What has happened since is told, in its order."""
    (ready,) = [one for one in first(client, 1) if one.name == "ready"]
    job = client.submit("nothing")
    job.wait()
    told = []
    for event in client.watch(after=ready.cursor):
        if event.data.get("job_id") == job.id and event.cursor is not None:
            told.append((event.name, event.data.get("status")))
        if told and told[-1][0] == "complete":
            break
    assert told == [
        ("update", "pending"),
        ("update", "running"),
        ("complete", "completed"),
    ]


def first(client: Client, readies: int) -> list[JobsEvent]:
    """The events up to so many `ready`s."""
    seen: list[JobsEvent] = []
    for event in client.watch():
        seen.append(event)
        if sum(one.name == "ready" for one in seen) == readies:
            break
    return seen


@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_cut_is_opened_anew_and_misses_nothing(
    service: Service, client: Client, gate: Gate, seed: int
) -> None:
    """Cut at any byte: every log line of the job comes once, in order, and then its end."""
    line = Cutting(seed)
    with Client(service.url, "alice", "secret123", transport=line, clock=FakeClock()) as other:
        lines: list[str] = []
        job = None
        for event in other.watch():
            if event.name == "ready" and job is None:
                job = client.submit("steps", gate.input(20))
                gate.open(20)
            if job is None or event.data.get("job_id") != job.id:
                continue
            if event.name == "log":
                lines.append(event.data["message"])
            if event.name == "complete":
                break
    assert line.cuts > 0
    assert lines == [f"step {number}" for number in range(1, 21)]
