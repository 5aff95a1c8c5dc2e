"""Unique keys: an unfinished job stands for every further one of its owner, operation and key."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from headway.errors import NotUnique
from headway.job import Job
from headway.store.database import Transaction
from headway.store.rows import job_where
from headway.store.states import UNFINISHED
from headway.store.values.submission import Submission

Identity = tuple[str, str, str]
"""Owner, operation and unique key."""

_UNFINISHED: Final = (
    f"owner = :owner AND operation = :operation AND unique_key = :unique_key AND {UNFINISHED}"
)


def identity(one: Submission | Job) -> Identity | None:
    """What no second unfinished job may have; None for a job that may have twins."""
    return None if one.unique_key is None else (one.owner, one.operation, one.unique_key)


def names_of(wishes: Iterable[Submission | Job]) -> set[str]:
    """A name for each identity that one transaction at a time may look up and take."""
    return {"unique " + "\0".join(key) for one in wishes if (key := identity(one)) is not None}


def unfinished(tx: Transaction, wishes: Sequence[Submission]) -> dict[Identity, Job]:
    """The unfinished jobs that stand for some of these wishes."""
    found = {}
    for wanted in {key for one in wishes if (key := identity(one)) is not None}:
        job = _job_with(tx, wanted)
        if job is not None:
            found[wanted] = job
    return found


def first_of_each(wishes: Sequence[Submission], taken: Collection[Identity]) -> list[Submission]:
    """The wishes that become jobs: those without a key, and the first of each key not taken."""
    seen: set[Identity] = set(taken)
    fresh = []
    for one in wishes:
        key = identity(one)
        if key is None or key not in seen:
            fresh.append(one)
        if key is not None:
            seen.add(key)
    return fresh


def refuse_second(tx: Transaction, job: Job) -> None:
    """Raise `NotUnique` if another unfinished job has this ended one's key."""
    key = identity(job)
    other = None if key is None else _job_with(tx, key)
    if other is not None:
        raise NotUnique(
            f"expected no unfinished {job.operation} job under the unique key {job.unique_key!r},"
            f" got the {other.status} job {other.id}; wait for its end, or cancel it"
        )


def _job_with(tx: Transaction, key: Identity) -> Job | None:
    owner, operation, unique_key = key
    params = {"owner": owner, "operation": operation, "unique_key": unique_key}
    return job_where(tx, _UNFINISHED, params)
