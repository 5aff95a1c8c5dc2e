"""What operators ask on the machine itself: why a job waits, who works, what fails."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from headway import errors
from headway.cli import main
from headway.cli.exits import EXITS, Exit, exit_of
from headway.client import errors as client_errors
from headway.job_request import JobRequest
from headway.queue import Queue
from headway.settings import Settings
from headway.store.sqlite_driver import driver
from headway.wiring import open_service
from tests.postgres import empty_database
from tests.sqlite import migrate


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
    assert main(["operations", "resume", "nohting"]) == 1
    assert "nohting" in capsys.readouterr().err
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
    assert main(["why", "nobody"]) == Exit.NOT_FOUND
    assert "expected the id of a job" in capsys.readouterr().err
    assert main(["operations", "pause", "nobody"]) == 1
    assert "expected one of" in capsys.readouterr().err


COMMANDS: list[list[str]] = [
    ["why", "any"],
    ["workers"],
    ["operations"],
    ["operations", "pause", "train_model"],
    ["users", "list"],
    ["users", "disable", "eve"],
    ["users", "delete", "eve"],
    ["keys", "list", "eve"],
    ["keys", "remove", "any"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_makes_a_database_where_a_directory_is_mistyped(
    command: list[str], data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--data-dir", str(data_dir)]) == Exit.FAILED
    assert f"expected a database, got none: in {data_dir}" in capsys.readouterr().err
    assert not data_dir.exists()


@pytest.mark.parametrize(("version", "remedy"), [("0001", "db upgrade"), ("9999", "that made it")])
def test_no_command_brings_a_database_to_another_schema(
    version: str, remedy: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service of another version may be running on it."""
    migrate(data_dir)
    with closing(driver.connect(data_dir / "headway.db", isolation_level=None)) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    before = (data_dir / "headway.db").read_bytes()
    for command in [*COMMANDS, ["users", "add", "eve"]]:
        assert main([*command, "--data-dir", str(data_dir)]) == Exit.FAILED
        told = capsys.readouterr().err
        assert f"got one of {version}" in told
        assert remedy in told
    assert (data_dir / "headway.db").read_bytes() == before


@pytest.mark.service("postgres")
@pytest.mark.parametrize("command", [["workers"], ["doctor"]])
def test_no_command_makes_tables_in_an_empty_database(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with empty_database() as url:
        monkeypatch.setenv("HEADWAY_DATABASE_URL", url)
        main(command)
        said = capsys.readouterr()
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            )
            assert tables.fetchone() == (0,)
    assert ("got none: at HEADWAY_DATABASE_URL" in said.err) is (command == ["workers"])
    assert ("the database has no tables yet" in said.out) is (command == ["doctor"])


def test_the_exit_code_says_what_kind_of_error_it_was(
    queue: Queue, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["keys", "remove", "nokey"]) == Exit.NOT_FOUND
    assert main(["users", "disable", "nobody"]) == Exit.NOT_FOUND
    monkeypatch.setenv("HEADWAY_DATABASE_URL", f"postgresql://u@127.0.0.1:{free_port}/db")
    assert main(["workers"]) == Exit.UNREACHABLE


def test_each_error_with_a_code_of_its_own_exists() -> None:
    """They are known by name, so a name that nobody has any more would be missed by nobody."""
    known = {*vars(errors), *vars(client_errors)}
    assert known >= EXITS.keys()
    assert exit_of(client_errors.JobCancelled("1", "over")) == Exit.JOB_CANCELLED
    assert exit_of(client_errors.Gone(410, "gone")) == Exit.NOT_FOUND
    assert exit_of(errors.OutcomeUnknown("who knows")) == Exit.UNREACHABLE
    assert exit_of(errors.Conflict("no")) == Exit.FAILED
