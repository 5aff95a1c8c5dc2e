"""PostgreSQL for tests: a server that runs already, and a database of its own for each test."""

import atexit
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

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
