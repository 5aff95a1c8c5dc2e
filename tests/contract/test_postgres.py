"""What only a server can do to a store: crash, cut a COMMIT off, refuse to write, forget a listener."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest

from headway.errors import StoreUnavailable, StoreUnusable
from headway.job import Job
from headway.store.contract import Store
from headway.store.migrate import HEAD
from headway.store.postgres import open_postgres
from headway.store.values import JobQuery
from tests.contract.acts import add, claims, complete, eventually, join, start_python
from tests.contract.cutting import CuttingLink, cutting_link
from tests.postgres import empty_database, fresh_database, own_server, url_of

pytestmark = pytest.mark.service("postgres")


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes at the end what a test opens."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def store(url: str, opened: ExitStack) -> Store:
    return opened.enter_context(closing(open_postgres(url)))


@pytest.fixture
def cut_off(url: str, opened: ExitStack) -> tuple[Store, CuttingLink]:
    """A store behind a link that can be cut."""
    told, link = opened.enter_context(cutting_link(url))
    return opened.enter_context(closing(open_postgres(told))), link


def ids(store: Store) -> set[str]:
    return {job.id for job in store.jobs.find(JobQuery(limit=10_000))}


def test_a_commit_whose_answer_is_cut_off_is_known_to_have_happened(
    cut_off: tuple[Store, CuttingLink], store: Store
) -> None:
    """The server is asked: neither is the caller told a lie, nor the job made twice."""
    through, link = cut_off
    link.cut_at_commit("after")
    job = add(through)
    assert link.cuts == 1
    assert ids(store) == {job.id}


def test_a_commit_that_never_arrived_is_known_not_to_have_happened(
    cut_off: tuple[Store, CuttingLink], store: Store
) -> None:
    through, link = cut_off
    link.cut_at_commit("before")
    with pytest.raises(StoreUnavailable):
        add(through)
    assert link.cuts == 1
    assert ids(store) == set()
    assert ids(through) == set()
    job = add(through)
    assert ids(store) == {job.id}


def test_connections_that_the_server_closed_are_replaced_unnoticed(store: Store, url: str) -> None:
    """As after a restart: no caller sees an error that an idle connection had for him."""
    job = add(store)
    end_connections(url)
    assert store.jobs.get(job.id) == job
    add(store)


def test_a_listener_whose_connection_was_ended_hears_again(
    store: Store, url: str, opened: ExitStack
) -> None:
    waiter = opened.enter_context(closing(store.bell.listen("work")))
    end_connections(url)
    assert waiter.wait(30)  # it may have missed a ring, and looks
    other = opened.enter_context(closing(open_postgres(url)))

    def rung() -> bool:
        other.bell.ring("work")
        return waiter.wait(0.5)

    assert eventually(rung, within=30)


def test_a_server_that_turned_read_only_is_said_to_be_unavailable(
    url: str, opened: ExitStack
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = url.rpartition("/")[2]
        connection.execute(
            psycopg.sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(
                psycopg.sql.Identifier(name)
            )
        )
    store = opened.enter_context(closing(open_postgres(url)))
    with pytest.raises(StoreUnavailable, match="read-only"):
        add(store)
    assert ids(store) == set()


def test_processes_that_open_an_empty_database_at_once_make_its_tables_once() -> None:
    with empty_database() as url:
        script = "import sys; from headway.store.postgres import open_postgres as o; o(sys.argv[1]).close()"
        children = [start_python(script, url) for _ in range(3)]
        for child in children:
            child.communicate(timeout=60)
        assert [child.returncode for child in children] == [0, 0, 0]
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert rows == [(HEAD,)]


def test_a_database_that_is_not_there_is_refused_without_its_password() -> None:
    missing = url_of("no_such_database").replace("postgres@", "postgres:hunter2@")
    with pytest.raises(StoreUnusable, match="no_such_database") as refused:
        open_postgres(missing)
    assert "hunter2" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_to_be_unavailable(free_port: int) -> None:
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{free_port}"):
        open_postgres(f"postgresql://postgres@127.0.0.1:{free_port}/postgres")


def test_what_is_no_address_of_a_server_is_refused() -> None:
    with pytest.raises(StoreUnusable, match="got one that begins with 'mysql'"):
        open_postgres("mysql://root@127.0.0.1/test")


def test_a_server_that_crashes_again_and_again_loses_no_job_and_doubles_none(
    free_port: int, opened: ExitStack
) -> None:
    """What was acknowledged is there, what is there was asked for, and all of it is done once."""
    server = opened.enter_context(own_server(free_port))
    store = opened.enter_context(closing(open_postgres(server.url)))
    acknowledged: list[Job] = []
    refused: list[StoreUnavailable] = []
    over = threading.Event()

    def submit() -> None:
        while not over.is_set():
            try:
                acknowledged.append(add(store))
            except StoreUnavailable as error:
                refused.append(error)
                over.wait(0.02)

    writers = [threading.Thread(target=submit) for _ in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        go_on(acknowledged)
        server.stop("immediate")
        server.start()
    go_on(acknowledged)
    over.set()
    for writer in writers:
        writer.join()

    assert refused
    assert {job.id for job in acknowledged} <= ids(store)
    worker = join(store)
    done = []
    while held := claims(store, worker):
        done += [one.job.id for one in held]
        assert all(complete(store, one) for one in held)
    assert len(done) == len(set(done))
    assert set(done) == ids(store)


def go_on(acknowledged: list[Job]) -> None:
    """Wait until more was acknowledged than has been so far."""
    before = len(acknowledged)
    eventually(lambda: len(acknowledged) > before + 20, within=60)


def end_connections(url: str) -> None:
    """End all that are connected to a database, as a restart of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
