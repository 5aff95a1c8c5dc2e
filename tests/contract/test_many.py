"""Lists and claims look at as few jobs among many as among few."""

from collections.abc import Callable
from typing import Any

from headway.job import Status
from headway.store.attempts import SqlAttempts
from headway.store.contract import Store
from headway.store.database import Database, Transaction
from headway.store.finding import find_jobs
from headway.store.reports import write_reports
from headway.store.sql_store import SqlStore
from headway.store.values.attempts import Report, Want
from headway.store.values.history import JobQuery
from headway.verdict import Completed, decide
from tests.contract.acts import AT_ONCE, add_all, claims, join, submission
from tests.contract.many import LIKE_FEW, fill

MANY = 12_000
PAGE = 5
STEADY = 1500
"""What a list may cost, as `effort` counts it, however many jobs there are: MANY cost far more."""
_OLD = {"before": LIKE_FEW}
_RARE = {"operation": "rare"}
_NONE = {"operation": "none"}

FILTERS: list[dict[str, Any]] = [
    {},
    _OLD,
    {"operation": "often"},
    _RARE,
    _RARE | _OLD,
    _NONE,
    *({"statuses": [status]} for status in Status),
    *({"statuses": [status], "operation": "often"} for status in Status),
    {"statuses": [Status.FAILED, Status.CANCELLED, Status.RUNNING, Status.PENDING]},
    {"statuses": [Status.FAILED, Status.COMPLETED]},
    {"statuses": [Status.FAILED]} | _RARE,
    {"statuses": [Status.FAILED]} | _NONE,
    {"statuses": [Status.COMPLETED]} | _RARE,
    {"statuses": [Status.COMPLETED]} | _NONE,
    {"statuses": [Status.CANCELLED]} | _OLD,
]
QUERIES = [
    JobQuery(owner=owner, limit=PAGE, **fields)
    for fields in FILTERS
    for owner in ("ann", None, "eve")
]


def analyse(store: Store) -> None:
    """Let the planner of a server learn what is in the table; SQLite's never does."""
    assert isinstance(store, SqlStore)
    database = store._database  # noqa: SLF001 - what a server does by itself after a while
    if database.engine_name == "postgres":
        with database.read() as tx:
            tx.run("ANALYZE jobs")


Act = Callable[[Database, Transaction], object]


def effort(store: Store, query: JobQuery) -> int:
    """How much the database did for a list."""
    return spent(store, lambda database, tx: find_jobs(database, tx, query))


def spent(store: Store, act: Act) -> int:
    """How much the database did, and then undid: steps of SQLite's machine, or rows and entries of
    indexes that PostgreSQL read."""
    assert isinstance(store, SqlStore)
    database = store._database  # noqa: SLF001 - what no user of a store sees
    with database.read() as tx:
        tx.run("BEGIN")
        counted = _steps if database.engine_name == "sqlite" else _rows_read
        count = counted(database, tx, act)
        tx.run("ROLLBACK")
    return count


def _steps(database: Database, tx: Transaction, act: Act) -> int:
    connection = tx._cursor.connection  # noqa: SLF001
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        act(database, tx)
    finally:
        connection.set_progress_handler(None, 1)
    return steps


_READ = (
    "SELECT sum(pg_stat_get_xact_tuples_returned(one)) FROM (SELECT 'jobs'::regclass AS one"
    " UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = 'jobs'::regclass) AS relations"
)


def _rows_read(database: Database, tx: Transaction, act: Act) -> int:
    before = tx.value(_READ)
    act(database, tx)
    return int(tx.value(_READ) - before)


def test_no_list_looks_at_more_among_many_jobs_than_among_few(store: Store) -> None:
    """Whether the planner knows nothing of the table yet, or what it learnt of it."""
    fill(store, LIKE_FEW)
    among_few = [effort(store, query) for query in QUERIES]
    fill(store, MANY, after=LIKE_FEW)
    among_many = [effort(store, query) for query in QUERIES]
    analyse(store)
    once_analysed = [effort(store, query) for query in QUERIES]
    walked = [
        (query, few, many)
        for query, few, *later in zip(QUERIES, among_few, among_many, once_analysed, strict=True)
        for many in later
        if many > 2 * few + STEADY
    ]
    assert walked == []


def test_what_waits_is_found_among_many_jobs_of_everybody(store: Store) -> None:
    """The few that wait, the oldest of all: without a look at those that have ended since."""
    waiting = add_all(store, [submission(owner=owner) for owner in ("ann", "bob", "eve")])
    fill(store, MANY)
    query = JobQuery(statuses=[Status.PENDING], limit=PAGE)
    assert store.jobs.find(query) == waiting[::-1]
    assert effort(store, query) <= STEADY


def test_a_claim_and_its_reports_look_at_no_more_among_many_jobs(store: Store) -> None:
    """Also while the planner knows nothing of the table, as after it was filled."""
    add_all(store, [submission() for _ in range(2 * PAGE)])
    fill(store, LIKE_FEW, after=2 * PAGE)
    worker = join(store)
    held = claims(store, worker, PAGE)
    reports = [
        Report(seq=one.job.seq, token=one.token, verdict=decide(Completed(None), one.job, AT_ONCE))
        for one in held
    ]

    def work(database: Database, tx: Transaction) -> None:
        rows, now = SqlAttempts(database)._take(  # noqa: SLF001 - the part of a claim that looks
            tx, worker, Want(("resize",), PAGE), database.now(tx)
        )
        assert len(rows) == PAGE
        assert len(write_reports(database, tx, reports, now)) == PAGE

    among_few = spent(store, work)
    fill(store, MANY, after=LIKE_FEW)
    assert spent(store, work) <= 2 * among_few + STEADY
