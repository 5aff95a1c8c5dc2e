"""Which jobs a list shows, newest first: found by an index of what is rare, if that is asked for.

Most jobs of an owner end well. A walk along all of them, newest first, soon finds these, and would
look at every one of a million to find the three that failed.
"""

from collections.abc import Sequence
from typing import Final

from headway.job import Job, Status
from headway.store.database import Transaction
from headway.store.rows import JOB_COLUMNS, job_from_row
from headway.store.states import DELAYED, ENDED_BADLY, HELD, READY, RUNNING
from headway.store.values.history import JobQuery

# There are never many. Asked for the state and the owner at once, SQLite would walk all of the
# owner's jobs, a million of them if need be, and live updates ask four times a second.
ALL_RUNNING: Final = f"SELECT seq FROM jobs WHERE {RUNNING}"  # nosec B608 - constants

_PENDING: Final = (
    f"SELECT seq FROM jobs WHERE {READY}"  # nosec B608 - constants
    f" UNION ALL SELECT seq FROM jobs WHERE {DELAYED}"
    f" UNION ALL SELECT seq FROM jobs WHERE {HELD}"
)
_NEWEST: Final = (
    "SELECT seq FROM (SELECT seq FROM jobs WHERE {} ORDER BY seq DESC LIMIT :limit) AS newest"
)
FEW: Final = 1000
"""While so many jobs have not ended, all of them are looked at for those of one owner; with more,
the walk along his own finds them sooner or as soon."""


def find_jobs(tx: Transaction, query: JobQuery) -> list[Job]:
    """See `Jobs.find`."""
    conditions = ["parent IS NULL" if query.parent is None else "parent = :parent"]
    if query.owner is not None:
        conditions.append("owner = :owner")
    if query.operation is not None:
        conditions.append("operation = :operation")
    if query.before is not None:
        conditions.append("seq < :before")
    if query.statuses:
        sources = [_rare(tx, query, status, conditions) for status in sorted(query.statuses)]
        conditions.append("status IN (" + ", ".join(f":{one}" for one in query.statuses) + ")")
        if None not in sources:
            conditions.append("seq IN (" + " UNION ALL ".join(filter(None, sources)) + ")")
    rows = tx.rows(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE {' AND '.join(conditions)}"  # nosec B608 - constants and names that stand in the code
        " ORDER BY seq DESC LIMIT :limit",
        {
            "owner": query.owner,
            "operation": query.operation,
            "parent": query.parent,
            "before": query.before,
            "limit": query.limit,
            **{status.value: status.value for status in Status},
        },
    )
    return [job_from_row(row) for row in rows]


def _rare(
    tx: Transaction, query: JobQuery, status: Status, conditions: Sequence[str]
) -> str | None:
    """A statement for the seqs among which are all jobs wanted of this status; None where the walk
    along the owner's jobs is the way."""
    if status is Status.RUNNING:
        return ALL_RUNNING
    if query.owner is None or query.parent is not None:
        return None
    if status in (Status.FAILED, Status.CANCELLED):
        of_one = ["parent IS NULL", ENDED_BADLY, f"status = :{status}", *conditions]
        return _NEWEST.format(" AND ".join(of_one))
    if status is Status.PENDING and _unfinished(tx) <= FEW:
        return _PENDING
    return None


def _unfinished(tx: Transaction) -> int:
    """How many jobs of all owners have not ended."""
    return int(tx.value("SELECT coalesce(sum(unfinished), 0) FROM loads"))
