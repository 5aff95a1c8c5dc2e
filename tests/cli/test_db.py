"""The commands that look after the database: they tell what is so, and leave the service alone."""

import os
import signal
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headway.cli import main
from headway.job import Status
from headway.store.contract import Store
from headway.store.migrate import HEAD
from headway.store.sqlite import open_sqlite
from headway.store.sqlite_driver import driver
from headway.store.tables import metadata
from headway.store.values.attempts import Part
from headway.verdict import Split
from tests.contract.acts import (
    ROOT,
    add,
    add_all,
    checkpoint,
    claim,
    complete,
    conclude,
    publication,
    report,
    start_python,
    submission,
)


@pytest.fixture
def store(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(data_dir))
    store = open_sqlite(data_dir)
    yield store
    store.close()


def change(data_dir: Path, sql: str) -> None:
    with closing(driver.connect(data_dir / "headway.db", isolation_level=None)) as database:
        database.execute(sql)


def restored(copy: Path, directory: Path) -> Store:
    """The store that a copy becomes where it is put as a database."""
    directory.mkdir()
    copy.rename(directory / "headway.db")
    return open_sqlite(directory)


def test_a_backup_of_a_running_service_opens_as_a_database(store: Store, tmp_path: Path) -> None:
    """With every job that was acknowledged before, in one file that only its owner can read."""
    jobs = add_all(store, [submission(input=b'"' + b"x" * 5000 + b'"') for _ in range(300)])
    held = claim(store)
    copy = tmp_path / "copy.db"
    assert main(["db", "backup", str(copy)]) == 0
    assert complete(store, held)  # the service goes on
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if "copy" in one.name] == ["copy.db"]
    again = restored(copy, tmp_path / "elsewhere")
    found = {job.id: job.status for job in again.jobs.get_many([job.id for job in jobs])}
    again.close()
    assert len(found) == 300
    assert found[held.job.id] is Status.RUNNING


def test_a_backup_is_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    """Each job in it has its input and its first event, and what was there at the start is in it."""
    stopping = threading.Event()
    first = add(store)

    def write() -> None:
        while not stopping.is_set():
            add_all(store, [submission() for _ in range(20)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy = tmp_path / f"{number}.db"
            assert main(["db", "backup", str(copy)]) == 0
            with closing(sqlite3.connect(copy)) as database:
                assert database.execute("SELECT 1 FROM jobs WHERE id = ?", (first.id,)).fetchone()
                counts = {
                    database.execute(f"SELECT count(*) FROM {table}").fetchone()
                    for table in ("jobs", "inputs", "events")
                }
                assert len(counts) == 1
    finally:
        stopping.set()
        writer.join()


def test_a_backup_takes_no_files_place_unless_told(
    store: Store, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    assert main(["db", "backup", str(copy)]) == 1
    assert f"expected no file at {copy}, got one" in capsys.readouterr().err
    assert copy.read_text() == "precious"
    assert main(["db", "backup", str(copy), "--overwrite"]) == 0
    assert copy.read_bytes().startswith(b"SQLite format 3")
    for itself in (data_dir / "headway.db", tmp_path / "link"):
        if not itself.exists():
            itself.symlink_to(data_dir / "headway.db")
        assert main(["db", "backup", str(itself), "--overwrite"]) == 1
        assert "got the database itself" in capsys.readouterr().err


def test_a_backup_that_cannot_be_written_says_why_and_leaves_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "backup", str(tmp_path / "no" / "such" / "copy.db")]) == 1
    assert "No such file or directory" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


BACKUP = """
import sys
from pathlib import Path
from headway.store import backup

publish = backup._publish
def at_the_end(*arguments, **options):
    print("copied", flush=True)
    sys.stdin.readline()
    publish(*arguments, **options)
backup._publish = at_the_end
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), overwrite=True)
"""


def test_a_backup_that_is_killed_leaves_the_older_one(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("the older one")
    child = start_python(BACKUP, str(data_dir), str(copy))
    assert child.stdout is not None
    assert child.stdout.readline() == "copied\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert copy.read_text() == "the older one"


@pytest.mark.parametrize("act", [["backup", "copy.db"], ["check"]])
def test_where_there_is_no_database_none_is_made(
    data_dir: Path, act: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", *act, "--data-dir", str(data_dir)]) == 1
    assert f"expected a database at {data_dir / 'headway.db'}, got none" in capsys.readouterr().err
    assert not (data_dir / "headway.db").exists()
    assert not (ROOT / "copy.db").exists()


def filled(store: Store, data_dir: Path) -> Path:
    """A store with a job that has results, a checkpoint and an artefact; the artefacts' root."""
    root = data_dir / "artifacts"
    add(store)
    held = claim(store)
    names = ("jobs/a/1/part-0.jsonl", "jobs/a/1/checkpoint-1", "models/ab/abc.npz")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"four")
    saved = checkpoint(1)
    report(
        store,
        held,
        parts=[Part(first=0, count=1, failed=0, path=names[0], size=4)],
        checkpoint=type(saved)(
            number=1, state={}, attempt_token=1, items=1, path=names[1], sha256="0"
        ),
    )
    store.artifacts.add("ann", publication("intents", path=names[2], size=4))
    return root


def test_a_whole_database_passes_while_it_is_used(
    store: Store, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(store, data_dir)
    assert main(["db", "check"]) == 0
    assert capsys.readouterr().out == f"{data_dir / 'headway.db'}: whole, schema {HEAD}\n"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE parts SET job = 999", "1 rows of parts belong to no job"),
        ("DELETE FROM inputs", "1 jobs have no input"),
        ("DELETE FROM workers", "1 running jobs belong to a worker nobody knows"),
        ("INSERT INTO aliases VALUES ('ann', 'model', 'm', 'best', 99, 0)", "1 aliases point to no"),
        ("UPDATE alembic_version SET version_num = '0000'", "run: headway db upgrade"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this program's"),
    ],
)  # fmt: skip
def test_rows_that_should_not_be_are_found(
    store: Store, data_dir: Path, sql: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(store, data_dir)
    change(data_dir, sql)
    assert main(["db", "check"]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert "\n    -> " in out


def test_a_split_job_is_whole_until_nobody_can_move_it_on(
    store: Store, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its shards are no load of their own, whether they wait or run."""
    add(store)
    assert conclude(store, claim(store), Split(["{}", "{}"]))
    claim(store)
    assert main(["db", "check"]) == 0
    change(data_dir, "UPDATE jobs SET status = 'failed' WHERE parent IS NOT NULL")
    assert main(["db", "check"]) == 1
    assert "1 jobs wait for shards that have all ended" in capsys.readouterr().out


def test_every_table_of_jobs_is_looked_at(store: Store, data_dir: Path) -> None:
    """Also those that are made later."""
    of_jobs = {one.name for one in metadata.tables.values() if "job" in one.c}
    of_jobs -= {"artifacts", "uses"}  # they outlive the job: lineage asks where things came from
    assert of_jobs == {name for name in of_jobs if _stray_is_found(store, data_dir, name)}


def _stray_is_found(store: Store, data_dir: Path, table: str) -> bool:
    columns = [one for one in metadata.tables[table].c if one.name != "position"]
    values = ", ".join("777" if one.name == "job" else "1" for one in columns)
    change(
        data_dir,
        f"INSERT INTO {table} ({', '.join(one.name for one in columns)}) VALUES ({values})",
    )
    found = main(["db", "check"]) == 1
    change(data_dir, f"DELETE FROM {table} WHERE job = 777")
    return found and main(["db", "check"]) == 0


def test_files_that_rows_name_but_the_disk_lacks_are_found(
    store: Store, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = filled(store, data_dir)
    for name in ("jobs/a/1/part-0.jsonl", "jobs/a/1/checkpoint-1"):
        (root / name).unlink()
    (root / "models/ab/abc.npz").write_bytes(b"half"[:2])
    assert main(["db", "check"]) == 1
    out = capsys.readouterr().out
    assert out.count("-> restore it from a copy of") == 3
    assert f"is missing: {root / 'jobs/a/1/part-0.jsonl'}" in out
    assert f"is missing: {root / 'jobs/a/1/checkpoint-1'}" in out
    assert "the artefact intents@1 of ann is of 2 bytes instead of 4" in out


def test_a_damaged_page_is_found(
    data_dir: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add_all(store, [submission() for _ in range(2000)])
    store.close()
    file = data_dir / "headway.db"
    with file.open("r+b") as pages:
        pages.seek(file.stat().st_size // 2 // 4096 * 4096)
        pages.write(os.urandom(4096))
    assert main(["db", "check"]) == 1
    said = capsys.readouterr()
    assert "damaged" in said.out + said.err
    assert "restore a backup" in said.out + said.err


def test_an_upgrade_says_what_was_there(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["db", "upgrade", "--data-dir", str(data_dir)]
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"schema {HEAD}, was not there\n")
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"schema {HEAD}, was there already\n")


def test_a_database_elsewhere_is_not_passed_over(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody believes to have a backup of what is not backed up."""
    monkeypatch.setenv("HEADWAY_DATABASE_URL", "postgresql://somewhere/else")
    assert main(["db", "backup", str(data_dir / "copy")]) == 1
    assert "HEADWAY_DATABASE_URL" in capsys.readouterr().err
