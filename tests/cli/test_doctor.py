"""`headway doctor` finds each of these by itself, and says what to do about it."""

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from headway.cli import main
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.store.sqlite_driver import driver
from headway.store.values.workers import WorkerInfo
from tests.contract.acts import LONG, add

Examine = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def examine(
    data_dir: Path,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Examine:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(data_dir))

    def examine(port: int = free_port) -> list[dict[str, Any]]:
        code = main(["doctor", "--json", "--port", str(port)])
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        assert code == (1 if any(one["grade"] == "wrong" for one in found) else 0)
        return found

    return examine


def graded(found: list[dict[str, Any]], grade: str) -> str:
    """Everything of this grade: what is so, and what to do."""
    return "\n".join(f"{one['what']} -> {one['remedy']}" for one in found if one["grade"] == grade)


def serve(store: Store, *operations: str) -> None:
    """A worker lives that runs these operations."""
    info = WorkerInfo(id="one", host="here", pid=os.getpid(), slots=1, operations=operations)
    store.workers.join(info, LONG)


def test_a_fresh_place_is_well_and_stays_untouched(examine: Examine, data_dir: Path) -> None:
    assert {one["grade"] for one in examine()} == {"well"}
    assert not data_dir.exists()


def test_a_healthy_service_is_well(examine: Examine, data_dir: Path) -> None:
    store = open_sqlite(data_dir)
    serve(store, "train_model")
    add(store, operation="train_model")
    found = examine()
    store.close()
    assert graded(found, "wrong") == ""
    assert "the database is whole" in graded(found, "well")
    assert "1 worker, seen" in graded(found, "well")


def test_jobs_of_a_queue_that_no_living_worker_serves(
    examine: Examine, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_ROUTES", "train_model=heavy")
    store = open_sqlite(data_dir)
    serve(store, "train_model")
    add(store, operation="preprocess")
    found = examine()
    store.close()
    assert (
        "jobs wait, and none of 1 living worker runs preprocess, nor anything else of its queue,"
        " headway -> start one: headway work --queues headway"
    ) in graded(found, "wrong")


def test_jobs_that_nobody_will_run(examine: Examine, data_dir: Path) -> None:
    store = open_sqlite(data_dir)
    add(store, operation="resize")
    store.close()
    wrong = graded(examine(), "wrong")
    assert "jobs wait, and no worker was seen lately -> start one: headway serve" in wrong
    assert "nobody has here: resize -> name their modules in HEADWAY_OPERATIONS" in wrong


def test_a_damaged_database(examine: Examine, data_dir: Path) -> None:
    open_sqlite(data_dir).close()
    with (data_dir / "headway.db").open("r+b") as file:
        file.seek(0)
        file.write(b"not a database at all")
    assert "a damaged one" in graded(examine(), "wrong")


def test_a_secret_that_others_can_read(examine: Examine, data_dir: Path) -> None:
    data_dir.mkdir()
    secret = data_dir / "development-secret"
    secret.write_text("x" * 64)
    secret.chmod(0o644)
    assert f"chmod 600 {secret}" in graded(examine(), "wrong")


def test_a_directory_that_everybody_can_look_into(examine: Examine, data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o755)
    assert f"chmod 700 {data_dir}" in graded(examine(), "note")


def test_a_file_in_the_place_of_the_directory(examine: Examine, data_dir: Path) -> None:
    data_dir.write_text("")
    assert "expected a directory" in graded(examine(), "wrong")


def test_a_port_that_is_taken(examine: Examine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"somebody listens on port {port}" in graded(examine(port), "note")


def test_leftovers_of_killed_processes(examine: Examine, data_dir: Path) -> None:
    left = data_dir / "artifacts" / "incoming" / "upload.csv"
    left.parent.mkdir(parents=True)
    left.touch()
    long_ago = time.time() - 10 * 86_400
    os.utime(left, (long_ago, long_ago))
    assert f"such as {left}" in graded(examine(), "note")


def test_a_clock_that_went_back(examine: Examine, data_dir: Path) -> None:
    store = open_sqlite(data_dir)
    add(store, operation="train_model")
    store.close()
    with closing(driver.connect(data_dir / "headway.db", isolation_level=None)) as database:
        database.execute("UPDATE jobs SET created_at = created_at + 3600")
    assert "s behind what the database has seen -> set the clock" in graded(examine(), "wrong")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HEADWAY_OPERATIONS", "no.such.module", "check HEADWAY_OPERATIONS"),
        ("HEADWAY_SLOTS", "many", "HEADWAY_SLOTS"),
        ("HEADWAY_SLOTTS", "2", "was HEADWAY_SLOTS meant?"),
        ("HEADWAY_SECRET_KEY", "short", "at least 32 characters"),
        ("HEADWAY_ALLOW_REMOTE", "true", "the demo users' passwords are published"),
    ],
)
def test_settings_that_are_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    assert sentence in graded(examine(), "wrong")


def test_people_read_it_too(
    examine: Examine, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir.write_text("")
    assert main(["doctor"]) == 1
    said = capsys.readouterr()
    assert "WRONG expected a directory" in said.out
    assert "          -> set HEADWAY_DATA_DIR to another" in said.out
    assert "are wrong" in said.err
