"""PostgreSQL for tests: a server that runs already, and a database of its own for each test."""

import atexit
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from headway.store.postgres import open_postgres

# Read before the environment is cleaned.
SERVER = os.environ.get("HEADWAY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A server on which this user may make databases."""


@cache
def is_there() -> bool:
    """Whether the server answers."""
    try:
        psycopg.connect(SERVER, connect_timeout=30).close()  # one that is there may be busy
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of a database with our tables and nothing in them, as the next one finds it too."""
    name = _spare.pop() if _spare else _copy()
    try:
        yield url_of(name)
    finally:
        _give_back(name)


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of a database without any table; it is dropped at the end."""
    name = _new_name()
    _run("CREATE DATABASE {}", name)
    try:
        yield url_of(name)
    finally:
        _drop(name)


def url_of(name: str) -> str:
    """Where a database of the server is."""
    return f"{SERVER.rpartition('/')[0]}/{name}"


def waiting_for_locks(url: str) -> int:
    """How many in this database wait for a lock of somebody else's."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        ).fetchall()
    return len(rows)


@cache
def _template() -> str:
    """A migrated database, made once for each process: copying it is faster than migrating."""
    name = _new_name()
    _run("CREATE DATABASE {}", name)
    atexit.register(_drop, name)
    open_postgres(url_of(name)).close()
    return name


_spare: Final[list[str]] = []
"""Copies that were given back: emptying one costs a tenth of making it."""


def _copy() -> str:
    name = _new_name()
    _run("CREATE DATABASE {} TEMPLATE {}", name, _template())
    atexit.register(_drop, name)
    return name


def _give_back(name: str) -> None:
    """Empty it for the next one; drop it if it is not what it was."""
    try:
        is_as_new = _emptied(name)
    except psycopg.Error:
        is_as_new = False
    if is_as_new:
        _spare.append(name)
    else:
        _drop(name)


_ANYBODY_ELSE: Final = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_USED: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND pg_relation_size(oid) > 0
"""
_COUNTED: Final = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""
_SHAPE: Final = """
SELECT (SELECT md5(string_agg(relname || '.' || attname, ' ' ORDER BY relname, attname))
 FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
 WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped),
(SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid
 WHERE datname = current_database()),
(SELECT string_agg(version_num, ' ') FROM alembic_version)
"""
"""The columns of its tables and indexes, how many settings are its own, and its version."""


def _emptied(name: str) -> bool:
    """Empty a database: its tables are as if nothing had ever been in them, down to the files. False
    when something else was changed too."""
    patient = "-c lock_timeout=30s"
    with psycopg.connect(url_of(name), autocommit=True, options=patient) as connection:
        connection.execute(_ANYBODY_ELSE)
        if used := [sql.Identifier(row[0]) for row in connection.execute(_USED)]:
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(",").join(used)))
        connection.execute(_COUNTED)
        return _shape(connection) == _shape_of_template()


@cache
def _shape_of_template() -> object:
    with psycopg.connect(url_of(_template())) as connection:
        return _shape(connection)


def _shape(connection: "psycopg.Connection[Any]") -> object:
    return connection.execute(_SHAPE).fetchone()


def _new_name() -> str:
    return f"headway_test_{uuid.uuid4().hex[:16]}"


def _drop(name: str) -> None:
    _run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _run(statement: str, *names: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class OwnServer:
    """A server for those tests that stop it, kill it or starve it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._call("initdb", "-A", "trust", "-U", "postgres", "-D", f"{folder}/data", "-N")

    @property
    def pid(self) -> int:
        """The process above all others of the server."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self, *options: str) -> None:
        """Begin to answer."""
        told = f"-p {self._port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=40"
        self._call(
            "pg_ctl", "start", "-w", "-t", "60", "-D", f"{self._folder}/data",
            "-l", f"{self._folder}/log", "-o", " ".join((told, *options)),
        )  # fmt: skip

    def trust(self, network: str) -> None:
        """Let in whoever comes from there, once it listens there."""
        with (self._folder / "data" / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {network} trust\n")

    def stop(self, how: str = "immediate") -> None:
        """Stop answering: `immediate` is a crash. Stopping twice is fine."""
        self._call("pg_ctl", "stop", "-w", "-t", "60", "-m", how, "-D", f"{self._folder}/data",
                   check=False)  # fmt: skip

    def _call(self, program: str, *arguments: str, check: bool = True) -> None:
        as_owner = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
        subprocess.run(
            [_programs() / program, *arguments], check=check, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **as_owner,  # type: ignore[call-overload]
        )  # fmt: skip


@contextmanager
def own_server(port: int) -> Iterator[OwnServer]:
    """A server that runs, and is nobody else's; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="hw-postgres-", ignore_cleanup_errors=True) as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres")
        server = OwnServer(Path(name), port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
