"""Which jobs a list shows, newest first: found by an index of what is rare, if that is asked for.

Most jobs of an owner end well. A walk along all of them, newest first, soon finds these, and would
look at every one of a million to find the three that failed.
"""

from collections.abc import Sequence
from typing import Final

from headway.job import Job, Status
from headway.store.database import Database, Transaction
from headway.store.rows import JOB_COLUMNS, job_from_row
from headway.store.states import DELAYED, HELD, OWN, READY, RUNNING
from headway.store.values.history import JobQuery
from headway.store.walks import (
    BAD,
    Pair,
    by_operation,
    by_owner,
    newest,
    newest_bad,
    params_of,
)

# There are never many. Asked for the state and the owner at once, SQLite would walk all of the
# owner's jobs, a million of them if need be, and live updates ask four times a second.
ALL_RUNNING: Final = f"SELECT seq FROM jobs WHERE {RUNNING}"  # nosec B608 - constants

_PENDING: Final = (
    f"SELECT seq FROM jobs WHERE {READY}"  # nosec B608 - constants
    f" UNION ALL SELECT seq FROM jobs WHERE {DELAYED}"
    f" UNION ALL SELECT seq FROM jobs WHERE {HELD}"
)
_OF_SHARDS: Final = f"SELECT {JOB_COLUMNS} FROM jobs WHERE {{}} ORDER BY seq DESC LIMIT :limit"  # nosec B608 - constants
"""An index has the shards of a job, which are never many."""
FEW: Final = 1000
"""While so many jobs have not ended, all of them are looked at for those wanted; with more, the walk
along all finds them sooner or as soon."""

MOST_WALKS: Final = 400
"""Operations, or owners, that are walked each for itself: SQLite merges no more than 500. What more
owners than that have jobs of is frequent, and soon found among all jobs."""


def find_jobs(db: Database, tx: Transaction, query: JobQuery) -> list[Job]:
    """See `Jobs.find`."""
    if query.parent is not None:
        return _listed(tx, query, _OF_SHARDS.format(_wanted(query)))
    pairs = by_operation(tx, query, MOST_WALKS + 1)
    if len(pairs) > MOST_WALKS:
        return _listed(tx, query, _along_all(query))
    sources = _rare(tx, query, pairs)
    if sources is None and query.owner is None:
        pairs = [] if query.operation is None else by_owner(tx, query, MOST_WALKS + 1)
        if query.operation is None or len(pairs) > MOST_WALKS:
            return _listed(tx, query, _along_all(query))
    if sources is None:
        sources = [newest(pairs, _within(query))] if pairs else []
    return _listed(tx, query, _among(db, query, sources), pairs) if sources else []


def _rare(tx: Transaction, query: JobQuery, pairs: Sequence[Pair]) -> list[str] | None:
    """Statements for numbers among which are all jobs wanted; None where not all of the states
    asked for are rare, so that a walk along all jobs is the way."""
    sources = []
    for status in sorted(set(query.statuses)):
        if status in BAD:
            sources += [newest_bad(pairs, status, _before(query))] if pairs else []
        elif status is Status.RUNNING:
            sources.append(ALL_RUNNING)
        elif status is Status.PENDING and _unfinished(tx) <= FEW:
            sources.append(_PENDING)
        else:
            return None
    return sources if query.statuses else None


def _unfinished(tx: Transaction) -> int:
    """How many jobs of all owners have not ended."""
    return int(tx.value("SELECT coalesce(sum(unfinished), 0) FROM loads"))


def _along_all(query: JobQuery) -> str:
    """The list by a walk along the key."""
    # Within a function, whose truth a planner takes for as likely as not: of conditions by
    # themselves it may think that they hold for a few rows, for which it would read all and sort.
    return (
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE coalesce({_wanted(query)}, FALSE){_before(query)}"  # nosec B608 - constants and names that stand in the code
        " ORDER BY seq DESC LIMIT :limit"
    )


def _among(db: Database, query: JobQuery, sources: Sequence[str]) -> str:
    """The list of what is wanted among these. They are looked up by number and by nothing else: with
    the other conditions beside it, a planner may take an index of one of those, and walk it."""
    numbers = " UNION ALL ".join(sources)
    return (
        f"WITH found AS MATERIALIZED (SELECT {JOB_COLUMNS} FROM jobs"  # nosec B608 - constants and names that stand in the code
        f" WHERE {db.among('seq', numbers)})"
        f" SELECT {JOB_COLUMNS} FROM found WHERE {_wanted(query)} ORDER BY seq DESC LIMIT :limit"
    )


def _wanted(query: JobQuery) -> str:
    parent = OWN if query.parent is None else "parent = :parent"
    owner = "" if query.owner is None else " AND owner = :owner"
    operation = "" if query.operation is None else " AND operation = :operation"
    return f"{parent}{owner}{operation}{_within(query)}"


def _within(query: JobQuery) -> str:
    """The states asked for, and the page."""
    names = ", ".join(f":{one}" for one in query.statuses)
    return (f" AND status IN ({names})" if names else "") + _before(query)


def _before(query: JobQuery) -> str:
    return "" if query.before is None else " AND seq < :before"


def _listed(tx: Transaction, query: JobQuery, sql: str, pairs: Sequence[Pair] = ()) -> list[Job]:
    rows = tx.rows_afresh(
        sql,
        {
            "owner": query.owner,
            "operation": query.operation,
            "parent": query.parent,
            "before": query.before,
            "limit": query.limit,
            **{status.value: status.value for status in Status},
            **params_of(pairs),
        },
    )
    return [job_from_row(row) for row in rows]
