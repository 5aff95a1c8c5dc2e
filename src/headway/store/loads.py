"""How much of the queue each owner takes: counted in the transactions that change it.

`unfinished` counts the jobs that have not ended. `active` counts those of them that are running or
in the ready index, and never passes the owner's limit of running jobs: what is due beyond it waits
outside of the index, so that no claim ever steps over it, and comes in as others end.

Shards are left out: the job they are of counts as one, running while it waits for them. A retry
of it lets it in beside the limit, because its shards, once they are due, are held by nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headway.errors import ServiceLimit, UserLimit
from headway.job import Job
from headway.limits import Limits
from headway.store.database import Transaction
from headway.store.states import HELD
from headway.store.values.submission import Submission

_CHANGE: Final = (
    "INSERT INTO loads (owner, unfinished, active) VALUES (:owner, :unfinished, :active)"
    " ON CONFLICT (owner) DO UPDATE SET unfinished = loads.unfinished + excluded.unfinished,"
    " active = loads.active + excluded.active"
)


@dataclass(slots=True)
class Change:
    """By how much an owner's load changes."""

    unfinished: int = 0
    active: int = 0


class Changes:
    """What one transaction changes; `save` writes it."""

    def __init__(self) -> None:
        self._of: dict[str, Change] = {}

    def add(self, owner: str, *, unfinished: int = 0, active: int = 0) -> None:
        """Change an owner's load."""
        change = self._of.setdefault(owner, Change())
        change.unfinished += unfinished
        change.active += active

    def save(self, tx: Transaction) -> None:
        """Write what was added, in one order for all, so that no two writers wait for each other."""
        tx.run_many(
            _CHANGE,
            [
                {"owner": owner, "unfinished": one.unfinished, "active": one.active}
                for owner, one in sorted(self._of.items())
                if one.unfinished or one.active
            ],
        )


@dataclass(frozen=True, slots=True)
class Admission:
    """What may become jobs, and which of those must wait although they are due."""

    admitted: Sequence[Submission]
    refused: Mapping[str, UserLimit | ServiceLimit]
    """By the submission's id."""
    held: frozenset[str]


def admit(
    tx: Transaction, wishes: Sequence[Submission], due: frozenset[str], limits: Limits
) -> Admission:
    """Count these submissions, as far as the limits let them in. `due` names those due at once.

    What was submitted together is let in together or not at all.
    """
    # Counted before it is decided: from here on nobody else can change these owners' loads.
    before = {
        owner: _counted(tx, owner, sum(one.owner == owner for one in wishes), 0)
        for owner in sorted({one.owner for one in wishes})
    }
    refused = _refuse(
        tx, wishes, {owner: load.unfinished for owner, load in before.items()}, limits
    )
    admitted = [one for one in wishes if one.id not in refused]
    room = {owner: _room(tx, owner, load.active, limits) for owner, load in before.items()}
    held = set()
    rest = Changes()
    for one in wishes:
        if one.id in refused:
            rest.add(one.owner, unfinished=-1)
        elif one.id in due and room[one.owner] > 0:
            room[one.owner] -= 1
            rest.add(one.owner, active=1)
        elif one.id in due:
            held.add(one.id)
    rest.save(tx)
    return Admission(admitted, refused, frozenset(held))


def admit_again(tx: Transaction, job: Job, limits: Limits) -> bool:
    """Count a job that had ended; True if it must wait. Raise `UserLimit`."""
    owner = job.owner
    before = _counted(tx, owner, 1, 0)
    most = limits.queued_per_user
    if most is not None and before.unfinished >= most:
        raise _too_many_of_user(most, before.unfinished)
    held = job.shards is None and _room(tx, owner, before.active, limits) < 1
    if not held:
        _counted(tx, owner, 0, 1)
    return held


def make_due(tx: Transaction, owners: Sequence[str], limits: Limits) -> list[bool]:
    """Count jobs of these owners that have become due, in this order; True for those that must
    wait."""
    before = {owner: _counted(tx, owner, 0, 0) for owner in sorted(set(owners))}
    room = {owner: _room(tx, owner, load.active, limits) for owner, load in before.items()}
    changes, held = Changes(), []
    for owner in owners:
        held.append(room[owner] < 1)
        if room[owner] >= 1:
            room[owner] -= 1
            changes.add(owner, active=1)
    changes.save(tx)
    return held


def owners_with_room(tx: Transaction, limits: Limits) -> Iterable[tuple[str, int]]:
    """Owners of held jobs of whom more may run, and how many more: a step of the index for each
    owner, however many jobs he waits for."""
    owner = ""
    while True:
        owner = tx.value(f"SELECT min(owner) FROM jobs WHERE {HELD} AND owner > :o", {"o": owner})  # nosec B608 - constants
        if owner is None:
            return
        active = tx.value("SELECT active FROM loads WHERE owner = :o", {"o": owner}) or 0
        if (room := _most_active(limits) - active) > 0:
            yield owner, room


def take_room(tx: Transaction, owner: str, count: int, limits: Limits) -> bool:
    """Count so many more active jobs of the owner, if they still fit."""
    taken = tx.run(
        "UPDATE loads SET active = active + :count WHERE owner = :owner"
        " AND active + :count <= :most",
        {"owner": owner, "count": count, "most": _most_active(limits)},
    )
    return taken == 1


def _counted(tx: Transaction, owner: str, unfinished: int, active: int) -> Change:
    """Change the owner's load, and answer what it was before. Others must wait until we commit."""
    (row,) = tx.rows(
        _CHANGE + " RETURNING unfinished, active",
        {"owner": owner, "unfinished": unfinished, "active": active},
    )
    return Change(row[0] - unfinished, row[1] - active)


def _refuse(
    tx: Transaction, wishes: Sequence[Submission], unfinished: dict[str, int], limits: Limits
) -> dict[str, UserLimit | ServiceLimit]:
    refused: dict[str, UserLimit | ServiceLimit] = {}
    total = _total(tx, len(wishes)) if limits.queued is not None else 0
    for group in lists_of(wishes):
        error = _passed(limits, Counter(one.owner for one in group), unfinished, total)
        if error is not None:
            refused |= {one.id: error for one in group}
            continue
        total += len(group)
        for one in group:
            unfinished[one.owner] += 1
    return refused


def lists_of(wishes: Sequence[Submission]) -> list[list[Submission]]:
    """The submissions by what marks them as coming together; one without a mark is alone."""
    groups: dict[str, list[Submission]] = {}
    for one in wishes:
        groups.setdefault(one.together or one.id, []).append(one)
    return list(groups.values())


def _passed(
    limits: Limits, more: Mapping[str, int], unfinished: Mapping[str, int], total: int
) -> UserLimit | ServiceLimit | None:
    """The limit that so many more jobs would pass."""
    most = limits.queued_per_user
    for owner, count in more.items():
        if most is not None and unfinished[owner] + count > most:
            return _too_many_of_user(most, unfinished[owner])
    if limits.queued is not None and total + sum(more.values()) > limits.queued:
        return ServiceLimit(
            f"expected at most {limits.queued} jobs that have not ended (HEADWAY_MAX_QUEUED), got"
            f" {sum(more.values())} more than {total}; try again when some have ended",
            code="queue_full",
            limit=limits.queued,
            current=total,
        )
    return None


def _too_many_of_user(most: int, current: int) -> UserLimit:
    return UserLimit(
        f"expected at most {most} jobs of one user that have not ended"
        f" (HEADWAY_MAX_QUEUED_PER_USER), got more than the {current} there are; wait until some"
        " have ended, or cancel some",
        code="too_many_jobs",
        limit=most,
        current=current,
    )


def _total(tx: Transaction, ours: int) -> int:
    """Unfinished jobs of all owners, but for ours that were just counted."""
    return int(tx.value("SELECT coalesce(sum(unfinished), 0) FROM loads")) - ours


def _room(tx: Transaction, owner: str, active: int, limits: Limits) -> int:
    """How many more of the owner's jobs may be active: none while others of his wait for that."""
    if limits.running_per_user is None:
        return _NO_LIMIT
    waiting = tx.row(
        f"SELECT 1 FROM jobs WHERE {HELD} AND owner = :owner LIMIT 1",  # nosec B608 - constants
        {"owner": owner},
    )
    return 0 if waiting is not None else limits.running_per_user - active


def _most_active(limits: Limits) -> int:
    return _NO_LIMIT if limits.running_per_user is None else limits.running_per_user


_NO_LIMIT: Final = 2**40
