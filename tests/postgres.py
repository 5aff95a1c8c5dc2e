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
        psycopg.connect(SERVER, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of a database with our tables and nothing in them; it is dropped at the end."""
    name = _new_name()
    _run("CREATE DATABASE {} TEMPLATE {}", name, _template())
    try:
        yield url_of(name)
    finally:
        _drop(name)


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


@cache
def _template() -> str:
    """A migrated database, made once for each process: copying it is faster than migrating."""
    name = _new_name()
    _run("CREATE DATABASE {}", name)
    atexit.register(_drop, name)
    open_postgres(url_of(name)).close()
    return name


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
