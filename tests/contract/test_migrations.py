"""A database of any age becomes what `tables` says, or is refused with a clear sentence."""

import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from headway.errors import StoreUnusable
from headway.store import migrate
from headway.store.alembic_upgrade import upgrade_to_head
from headway.store.sqlite import open_sqlite
from headway.store.tables import metadata
from headway.store.values.artifacts import AliasName
from tests.contract.acts import add, publication, start_python

SCRIPTS = Path(migrate.__file__).with_name("migrations")


def engine_of(data_dir: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{data_dir / 'headway.db'}")


def schema_of(engine: sa.Engine) -> list[str]:
    """Every table and index as SQLite wrote it down."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
            " AND name != 'alembic_version'"
        )
        return sorted(" ".join(str(row[0]).split()) for row in rows)


@pytest.fixture
def migrated(data_dir: Path) -> sa.Engine:
    open_sqlite(data_dir).close()
    return engine_of(data_dir)


def test_the_newest_schema_is_what_the_tables_say(migrated: sa.Engine) -> None:
    """Nothing for Alembic to generate: columns, types, defaults, indexes, constraints."""
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences: list[Any] = compare_metadata(context, metadata)
    migrated.dispose()
    assert differences == []


def test_the_newest_schema_is_what_the_tables_would_make(
    migrated: sa.Engine, tmp_path: Path
) -> None:
    """To the letter: what Alembic does not compare too, such as WITHOUT ROWID and partial indexes."""
    fresh = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(fresh)
    assert schema_of(migrated) == schema_of(fresh)
    migrated.dispose()
    fresh.dispose()


def test_the_head_is_the_newest_file() -> None:
    files = sorted(path.stem for path in (SCRIPTS / "versions").glob("*.py"))
    assert files[-1].partition("_")[0] == migrate.HEAD
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrate.HEAD]
    revisions = [one.revision for one in script.walk_revisions()]
    assert sorted(revisions) == [name.partition("_")[0] for name in files]


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(data_dir: Path) -> None:
    store = open_sqlite(data_dir)
    job = add(store)
    store.close()
    set_revision(data_dir, "9999")
    with pytest.raises(StoreUnusable) as caught:
        open_sqlite(data_dir)
    said = str(caught.value)
    assert f"at schema {migrate.HEAD} or before, got 9999" in said
    assert "use that version, or restore a backup" in said
    assert str(data_dir / "headway.db") in said
    set_revision(data_dir, migrate.HEAD)
    again = open_sqlite(data_dir)
    assert again.jobs.get(job.id) == job
    again.close()


def set_revision(data_dir: Path, revision: str) -> None:
    connection = sqlite3.connect(data_dir / "headway.db", isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()


def test_opening_again_changes_nothing(data_dir: Path, migrated: sa.Engine) -> None:
    before = schema_of(migrated)
    open_sqlite(data_dir).close()
    assert schema_of(migrated) == before
    migrated.dispose()


def test_a_data_directory_with_odd_characters_can_be_migrated(data_dir: Path) -> None:
    """Alembic reads a percent sign in its settings, SQLAlchemy a question mark in its address."""
    for name in ("50% & more", "what?", "a#b", "naïve ☃", "with space:colon;semi"):
        place = data_dir / name
        store = open_sqlite(place)
        add(store)
        store.close()
        assert (place / "headway.db").is_file()


MIGRATOR = """
import sys
from pathlib import Path
from headway.store.sqlite import open_sqlite
import headway.store.alembic_upgrade

print("ready", flush=True)
sys.stdin.readline()
open_sqlite(Path(sys.argv[1])).close()
print("done", flush=True)
"""


def test_a_migration_that_is_killed_is_whole_or_not_there(data_dir: Path) -> None:
    """Whenever it ends, the next start finds a database that it can bring up to date."""
    for delay in (0.0, 0.01, 0.03):
        child = start_python(MIGRATOR, str(data_dir))
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.stdin.write("go\n")
        child.stdin.flush()
        signal_after(child.pid, delay)
        child.communicate()
        if (data_dir / "headway.db").exists():
            engine = engine_of(data_dir)
            assert len(schema_of(engine)) in (0, len(metadata.tables) + indexes())
            engine.dispose()
        store = open_sqlite(data_dir)
        add(store)
        store.close()
        shutil.rmtree(data_dir)


def signal_after(pid: int, delay: float) -> None:
    """Kill at a moment that is meant to be arbitrary: somewhere in the middle of its work."""
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)


def indexes() -> int:
    return sum(len(table.indexes) for table in metadata.tables.values())


def test_what_was_there_before_the_catalogue_is_in_it(data_dir: Path) -> None:
    """An alias can be rolled back to where it was, and lineage knows what older jobs read."""
    data_dir.mkdir()
    before = engine_of(data_dir)
    with before.connect() as connection:
        upgrade_to_head(connection, SCRIPTS, "0002")
        for statement in OLDER.split(";"):
            connection.exec_driver_sql(statement)
        connection.commit()
    before.dispose()
    store = open_sqlite(data_dir)
    found = store.artifacts.resolve("ann", "model", "intents@best")
    assert found is not None
    assert (found.job_id, found.shared, found.deleted_at) == ("j1", False, None)
    assert store.artifacts.lineage("m1").used == [("bundled:sample", 1)]
    store.aliases.move(
        AliasName(owner="ann", kind="model", name="intents", alias="best"),
        store.artifacts.add("ann", publication("intents")).id,
    )
    moved = AliasName(owner="ann", kind="model", name="intents", alias="best")
    assert store.aliases.roll_back(moved).artifact_id == "m1"
    store.close()


OLDER = """
INSERT INTO jobs (seq, id, operation, owner, status, priority, created_at, uses)
VALUES (1, 'j1', 'train_model', 'ann', 'completed', 5, 1, '{"data":"bundled:sample"}');
INSERT INTO artifacts (seq, id, kind, owner, name, version, path, sha256, size, meta, created_at, job)
VALUES (1, 'm1', 'model', 'ann', 'intents', 1, 'p', 'h', 1, '{}', 1, 1);
INSERT INTO aliases (owner, kind, name, alias, artifact, at)
VALUES ('ann', 'model', 'intents', 'best', 1, 1)
"""
