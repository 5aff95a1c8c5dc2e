"""What operators ask on the machine itself: why a job waits, who works, what fails."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.cli import main
from headway.queue import JobRequest, Queue
from headway.settings import Settings
from headway.wiring import open_service


@pytest.fixture
def queue(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """The queue of a data directory that the commands will find, without a worker."""
    for name, value in (("DATA_DIR", str(data_dir)), ("MAX_RUNNING_PER_USER", "1")):
        monkeypatch.setenv(f"HEADWAY_{name}", value)
    monkeypatch.setenv("HEADWAY_OPERATIONS", "tests.http.trial_operations")
    service = open_service(Settings.from_env(embedded_worker=False))
    yield service.queue
    service.close()


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_job_says_why_it_waits(queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    """No worker, a pause, its time, a limit, its place in the queue."""
    first = queue.submit(JobRequest(operation="nothing", owner="ann"))
    second = queue.submit(JobRequest(operation="nothing", owner="ann"))
    later = queue.submit(JobRequest(operation="nothing", owner="bob", run_at=4e9))
    told = said(capsys, "why", first.id)
    assert "is pending" in told
    assert "no worker is alive" in told
    assert "it is number 1" in told
    assert "HEADWAY_MAX_RUNNING_PER_USER, 1" in said(capsys, "why", second.id)
    assert "it waits for its time, in " in said(capsys, "why", later.id)
    assert "is paused: nothing" in said(capsys, "operations", "pause", "nothing")
    assert "nothing is paused" in said(capsys, "why", first.id)
    assert "goes on" in said(capsys, "operations", "resume", "nothing")
    assert "paused" not in said(capsys, "why", first.id)
    queue.cancel(first.id, "ann")
    assert "it has ended: cancelled" in said(capsys, "why", first.id)


def test_operations_are_listed_with_what_became_of_them(
    queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    """What waits, what ended in the last hour, what is paused."""
    queue.submit(JobRequest(operation="nothing", owner="ann"))
    job = queue.submit(JobRequest(operation="nothing", owner="bob"))
    queue.cancel(job.id, "bob")
    said(capsys, "operations", "pause", "fail")
    rows = {one["operation"]: one for one in json.loads(said(capsys, "operations", "--json"))}
    assert (rows["nothing"]["waiting"], rows["nothing"]["cancelled"]) == (1, 1)
    assert [name for name, row in rows.items() if row["paused"]] == ["fail"]
    assert "paused" in said(capsys, "operations")
    assert said(capsys, "workers") == "No worker is alive: headway work\n"
    assert json.loads(said(capsys, "workers", "--json")) == []


def test_an_unknown_job_or_operation_is_refused(
    queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was expected."""
    assert main(["why", "nobody"]) == 1
    assert "expected the id of a job" in capsys.readouterr().err
    assert main(["operations", "pause", "nobody"]) == 1
    assert "expected one of" in capsys.readouterr().err
