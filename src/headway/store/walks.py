"""Walks along indexes of jobs that end with the job's number: newest first, and none in vain.

One index has all jobs, by operation and owner: the lists of one owner are a walk for each operation,
those of one operation a walk for each owner who has jobs of it, and a merge. What ended badly is
rare, and has two indexes of its own.
"""

from collections.abc import Sequence
from typing import Final

from headway.job import Status
from headway.store.database import Transaction
from headway.store.states import ENDED_BADLY, OF_ALL, OWN
from headway.store.values.history import JobQuery

Pair = tuple[str, str | None]
"""An operation, and an owner or everybody."""

BAD: Final = (Status.FAILED, Status.CANCELLED)
"""States that indexes of their own are kept for."""

_STEPS: Final = (
    "WITH RECURSIVE steps (name) AS (SELECT CAST('' AS text) UNION ALL SELECT"
    " (SELECT min({column}) FROM jobs WHERE {rows} AND {column} > name)"
    " FROM steps WHERE name IS NOT NULL) SELECT name FROM steps WHERE name <> ''"
)
"""Each value of a column once: a step of the index for each, however many rows have it."""

OPERATIONS: Final = _STEPS.format(column="operation", rows=OWN)
"""A statement for all operations that there are jobs of."""
_OWNERS: Final = _STEPS.format(column="owner", rows=f"{OWN} AND operation = :operation")


def by_operation(tx: Transaction, query: JobQuery, most: int) -> list[Pair]:
    """The operation asked for, or up to `most` that there are jobs of, whoever has them: for those
    that he has none of a walk ends where it begins."""
    if query.operation is not None:
        return [(query.operation, query.owner)]
    rows = tx.rows_afresh(f"{OPERATIONS} LIMIT :most", {"most": most})
    return [(operation, query.owner) for (operation,) in rows]


def by_owner(tx: Transaction, query: JobQuery, most: int) -> list[Pair]:
    """The operation asked for, with up to `most` owners who have jobs of it."""
    assert query.operation is not None
    rows = tx.rows_afresh(f"{_OWNERS} LIMIT :most", {"operation": query.operation, "most": most})
    return [(query.operation, owner) for (owner,) in rows]


def params_of(pairs: Sequence[Pair]) -> dict[str, str | None]:
    """Values for the statements of these pairs."""
    operations = {f"operation_{number}": one for number, (one, _) in enumerate(pairs)}
    owners = {f"owner_{number}": one for number, (_, one) in enumerate(pairs)}
    return {**operations, **owners}


def newest(pairs: Sequence[Pair], conditions: str) -> str:
    """A statement for the numbers of the newest jobs of these, of which the conditions are true."""
    return _merged([_walk(number, pair, conditions) for number, pair in enumerate(pairs)])


def newest_bad(pairs: Sequence[Pair], status: Status, conditions: str) -> str:
    """The same for those that failed, or were cancelled."""
    return newest(pairs, f" AND {ENDED_BADLY} AND status = :{status}{conditions}")


def _walk(number: int, pair: Pair, conditions: str) -> str:
    """In the words of the one index that is meant: a planner that knows nothing yet of a table just
    filled would take any that fits."""
    of_whom = OF_ALL if pair[1] is None else f"{OWN} AND owner = :owner_{number}"
    return (
        f"SELECT seq FROM jobs WHERE {of_whom} AND operation = :operation_{number}{conditions}"  # nosec B608 - constants and names that stand in the code
        " ORDER BY seq DESC LIMIT :limit"
    )


def _merged(walks: Sequence[str]) -> str:
    arms = (f"SELECT seq FROM ({one}) AS walk_{number}" for number, one in enumerate(walks))  # nosec B608 - statements made here
    return (
        f"SELECT seq FROM (SELECT seq FROM ({' UNION ALL '.join(arms)}) AS walks"  # nosec B608 - constants and names that stand in the code
        " ORDER BY seq DESC LIMIT :limit) AS newest"
    )
