"""What only a server can do to a store: crash, cut a COMMIT off, refuse to write, forget a listener."""

import random
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from headway.errors import InvalidInput, StoreUnavailable, StoreUnusable
from headway.job import Job, Status
from headway.store import postgres, postgres_connection
from headway.store.contract import Store
from headway.store.migrate import HEAD
from headway.store.postgres import PostgresDatabase, open_postgres
from headway.store.postgres_commit import commit
from headway.store.postgres_sql import PostgresTransaction
from headway.store.values.attempts import Claim, Report
from headway.store.values.history import JobQuery
from headway.verdict import Completed, Stopped, decide
from headway.worker.record import Recorder
from tests.contract.acts import (
    AT_ONCE,
    add,
    claim,
    claims,
    complete,
    conclude,
    join,
    lapse,
    now_of,
    publication,
    start_python,
)
from tests.contract.cutting import CuttingLink, cutting_link
from tests.postgres import empty_database, fresh_database, own_server, url_of, waiting_for_locks
from tests.waiting import eventually

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


RETURNED = Completed(None)
TOO_LONG = b64encode(random.Random(7).randbytes(9_000)).decode()
"""Too much for a page of an index, however it is packed."""


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


def test_a_commit_whose_number_a_crash_has_lost_has_not_happened(
    url: str, opened: ExitStack
) -> None:
    """The server says of such a number that it lies in the future."""
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    database = opened.enter_context(closing(PostgresDatabase(address)))
    connection = database.connect()
    broken = PostgresTransaction(connection.cursor(), "SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="closed"):
        commit(broken, "999999999", connection.server_began, database.connect)


def test_a_server_that_says_nothing_is_given_up_and_used_again(
    cut_off: tuple[Store, CuttingLink], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keepalives would not find it: whoever is between answers them."""
    through, link = cut_off
    monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 0.3)
    with link.swallowing(), pytest.raises(StoreUnavailable, match="expected the server to say"):
        add(through)
    monkeypatch.undo()
    job = add(through)
    assert ids(store) == {job.id}


def test_connections_that_the_server_closed_are_replaced_unnoticed(store: Store, url: str) -> None:
    """As after a restart: no caller sees an error that an idle connection had for him."""
    job = add(store)
    end_connections(url)
    assert store.jobs.get(job.id) == job
    add(store)


@pytest.mark.usefixtures("patient")
def test_a_connection_in_use_is_closed_as_soon_as_it_is_given_back(url: str) -> None:
    """A store may be closed while a thread of somebody's still waits for an answer."""
    store = open_postgres(url)
    job = add(store)
    reading: list[Job | None] = []
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE jobs")
        reader = threading.Thread(target=lambda: reading.append(store.jobs.get(job.id)))
        reader.start()
        eventually(lambda: waiting_for_locks(url) == 1)
        store.close()
        assert eventually(lambda: connections(url) == 2)  # the reader and the blocker
    reader.join()
    assert reading == [job]
    assert eventually(lambda: connections(url) == 0)


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


@pytest.mark.usefixtures("patient")
def test_no_attempt_begins_before_the_one_it_follows_has_ended(store: Store, url: str) -> None:
    """Not even one whose claim was kept waiting: by its own clock it would have begun before."""
    add(store)
    first = claim(store)
    other = add(store)
    claimant = join(store)
    got: list[Claim] = []
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE workers")  # it has read the time, and looks at its lease
        claiming = threading.Thread(target=lambda: got.extend(claims(store, claimant)))
        claiming.start()
        eventually(lambda: waiting_for_locks(url) == 1, within=30)
        assert conclude(store, first, Stopped("the worker was stopped"))
    claiming.join()
    assert [one.job.id for one in got] == [first.job.id, other.id]
    assert complete(store, got[0])
    before, after = store.jobs.attempts(first.job.id)
    assert before.ended_at <= after.started_at


def test_the_jobs_of_a_worker_that_stopped_amid_a_transaction_are_given_back(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was sending several statements at once: the server takes it for busy then."""
    monkeypatch.setattr(postgres, "IDLE_SECONDS", 0.3)
    worker = join(store)
    job = add(store)
    (held,) = claims(store, worker)
    with stopped_amid_a_transaction(url, job):
        lapse(store, worker)
        given = eventually(lambda: _reaped(store, worker), within=30)
        assert given == 1
    assert not complete(store, held)
    assert [one.job.id for one in claims(store, join(store))] == [job.id]


def test_whoever_waits_in_vain_for_a_client_that_stopped_ends_its_transaction(
    url: str, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He is told to try again, and whoever does need not wait."""
    monkeypatch.setattr(postgres, "IDLE_SECONDS", 0.3)
    impatient = {"application_name": "headway", "options": "-c lock_timeout=600"}
    monkeypatch.setattr(postgres_connection, "CONNECT", impatient)
    store = opened.enter_context(closing(open_postgres(url)))
    job = add(store)
    with stopped_amid_a_transaction(url, job):
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store.jobs.cancel(job.id)
        eventually(lambda: not _has_locked(url, job))
        assert store.jobs.cancel(job.id).status is Status.CANCELLED


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


def test_what_the_server_cannot_hold_is_refused_and_not_tried_again(store: Store) -> None:
    """It is as much too large a moment later."""
    with pytest.raises(InvalidInput, match=r"got more \(index row .*make it smaller"):
        add(store, unique_key=TOO_LONG)
    assert ids(store) == set()


def test_a_report_that_the_server_cannot_hold_ends_its_own_attempt_alone(store: Store) -> None:
    """As failed, with the reason; the worker goes on, and so does the job beside it."""
    jobs = [add(store) for _ in range(2)]
    recorder = Recorder(store.attempts, lambda *_: None, lambda *_: None)
    for held, name in zip(claims(store, join(store)), (TOO_LONG, "intents"), strict=True):
        made = Completed(None, [publication(name)])
        recorder.of(held).verdict = decide(made, held.job, AT_ONCE)
    recorder.write()
    too_large, beside = (now_of(store, job) for job in jobs)
    assert (too_large.status, beside.status) == (Status.FAILED, Status.COMPLETED)
    assert "expected what PostgreSQL can hold" in str(too_large.error)
    assert recorder.due_in() is None


def test_processes_that_open_an_empty_database_at_once_make_its_tables_once() -> None:
    with empty_database() as url:
        script = "import sys; from headway.store.postgres import open_postgres as o; o(sys.argv[1]).close()"
        children = [start_python(script, url) for _ in range(3)]
        for child in children:
            child.communicate()
        assert [child.returncode for child in children] == [0, 0, 0]
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert rows == [(HEAD,)]


@pytest.mark.parametrize("place", ["before the host", "in the query"])
def test_a_database_that_is_not_there_is_refused_without_its_password(place: str) -> None:
    missing = url_of("no_such_database")
    if place == "in the query":
        missing += f"{'&' if '?' in missing else '?'}password=hunter2"
    else:
        missing = missing.replace("postgres@", "postgres:hunter2@")
    with pytest.raises(StoreUnusable, match="no_such_database") as refused:
        open_postgres(missing)
    assert "hunter2" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_to_be_unavailable(free_port: int) -> None:
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{free_port}"):
        open_postgres(f"postgresql://postgres@127.0.0.1:{free_port}/postgres")


@pytest.mark.parametrize(
    "address",
    [
        "mysql://root:hunter2@127.0.0.1/test",
        "postgres host=127.0.0.1 password=hunter2",
        "postgresql://me:hunter2@127.0.0.1:many/test",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(address: str) -> None:
    """And not repeated with the password in it."""
    with pytest.raises(StoreUnusable, match="expected HEADWAY_DATABASE_URL as") as refused:
        open_postgres(address)
    assert "hunter2" not in str(refused.value)


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
        # Together: there are as many as the machine could take in meanwhile.
        ends = [
            Report(seq=one.job.seq, token=one.token, verdict=decide(RETURNED, one.job, AT_ONCE))
            for one in held
        ]
        assert len(store.attempts.record(ends)) == len(held)
    assert len(done) == len(set(done))
    assert set(done) == ids(store)


@contextmanager
def stopped_amid_a_transaction(url: str, job: Job) -> Iterator[None]:
    """One of ours has this job's row, and is sending more: the server takes it for busy."""
    with closing(psycopg.connect(url, application_name="headway", autocommit=True)) as stopped:
        stopped.pgconn.enter_pipeline_mode()
        stopped.pgconn.send_query_params(b"UPDATE jobs SET progress = 50", [])
        stopped.pgconn.send_flush_request()
        stopped.pgconn.flush()
        eventually(lambda: _has_locked(url, job))
        yield


def _has_locked(url: str, job: Job) -> bool:
    """Whether somebody has this job's row."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE NOWAIT", [job.id])
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def _reaped(store: Store, worker: str) -> int:
    """How many jobs were given back; none while somebody has their rows."""
    try:
        return store.workers.reap([worker], 10)
    except StoreUnavailable:
        return 0


def go_on(acknowledged: list[Job]) -> None:
    """Wait until more was acknowledged than has been so far."""
    before = len(acknowledged)
    eventually(lambda: len(acknowledged) > before + 20, within=60)


def connections(url: str) -> int:
    """How many are connected to a database, beside who asks."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def end_connections(url: str) -> None:
    """End all that are connected to a database, as a restart of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
