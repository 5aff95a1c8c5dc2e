"""The line before the slots: what waits, in the order it will be claimed, and what runs until then."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import merge
from typing import Final, NamedTuple

from headway.estimate import Durations, Marks, Pool, Queued, Work, while_waiting
from headway.store.database import Database, Transaction
from headway.store.meters import waiting_operations
from headway.store.paces import PACE, PACE_JOIN
from headway.store.pauses import paused_since
from headway.store.states import READY, RUNNING
from headway.store.tallies import MINUTE, TALLIED_MINUTES
from headway.store.values.outlook import Outlook
from headway.store.workers import ALIVE, WORKER_COLUMNS, worker_from_row

LINE: Final = 1000
"""Places in the queue of an operation that are told apart."""


class Running(NamedTuple):
    """A running job, and whether it keeps a slot: one that waits for its shards keeps none."""

    seq: int
    worker: str
    operation: str
    busy: bool
    elapsed: float
    progress: float
    marks: Marks | None

    def rest(self, now: float, durations: Mapping[str, Durations]) -> Work:
        """For how long it keeps its slot: by its own rate, or else as its kind usually does."""
        left = None if self.marks is None else self.marks.left(self.progress, now)
        if left is not None:
            return left.work
        return durations.get(self.operation, Durations()).rest(self.elapsed)


def look_ahead(db: Database, tx: Transaction, shared: Collection[str]) -> Outlook:
    """See `Overview.outlook`."""
    now = db.now(tx)
    paused = paused_since(tx)
    durations = _durations(tx, now)
    groups = _groups(tx, shared, now)
    lines = [_first(tx, name) for name in waiting_operations(tx)]
    running = _running(tx, now)
    moving = [line for line in lines if line and line[0].operation not in paused]
    return Outlook(
        at=now,
        places={one.seq: place for line in lines for place, one in enumerate(line, 1)},
        ends=while_waiting(
            merge(*moving),
            _pools(groups, running, durations, now),
            durations,
            {line[-1] for line in moving if len(line) == LINE},
        ),
        longer={line[0].operation for line in lines if len(line) == LINE},
        durations=durations,
        marks={one.seq: one.marks for one in running if one.marks is not None},
        paused=set(paused),
    )


def _durations(tx: Transaction, now: float) -> dict[str, Durations]:
    """How long the jobs of each operation ran that completed in the last hour."""
    rows = tx.rows(
        "SELECT operation, sum(count), sum(seconds), sum(squares) FROM tallies"
        " WHERE minute > :since AND outcome = 'completed' GROUP BY operation",
        {"since": now // MINUTE - TALLIED_MINUTES},
    )
    return {name: Durations(int(count), sum, squares) for name, count, sum, squares in rows}


Groups = Mapping[frozenset[str], tuple[int, Collection[str]]]
"""Workers that run the same: their slots together, and their ids."""


def _groups(tx: Transaction, shared: Collection[str], now: float) -> Groups:
    """Each worker has slots of two kinds, and an operation takes those of its own kind alone."""
    slots: dict[frozenset[str], int] = defaultdict(int)
    ids: dict[frozenset[str], list[str]] = defaultdict(list)
    for row in tx.rows(f"SELECT {WORKER_COLUMNS} FROM workers WHERE {ALIVE}", {"now": now}):  # nosec B608 - constants
        worker = worker_from_row(row)
        many = frozenset(worker.operations) & frozenset(shared)
        for names, count in (
            (frozenset(worker.operations) - many, worker.slots),
            (many, worker.async_slots),
        ):
            slots[names] += count
            ids[names].append(worker.id)
    return {names: (count, ids[names]) for names, count in slots.items()}


def _first(tx: Transaction, operation: str) -> list[Queued]:
    rows = tx.rows(
        f"SELECT priority, turn, seq, operation FROM jobs WHERE operation = :operation AND {READY}"  # nosec B608 - constants
        " ORDER BY priority, turn, seq LIMIT :line",
        {"operation": operation, "line": LINE},
    )
    return [Queued(*row) for row in rows]


def _running(tx: Transaction, now: float) -> list[Running]:
    rows = tx.rows(
        f"SELECT jobs.seq, worker, operation, waiting_for, claimed_at, progress, {PACE} FROM jobs"  # nosec B608 - constants
        f" LEFT JOIN {PACE_JOIN} WHERE {RUNNING}"
    )
    return [
        Running(
            seq,
            worker,
            operation,
            busy=waiting_for is None,
            elapsed=max(0.0, now - claimed_at),
            progress=progress,
            marks=None if marks[0] is None else Marks(*marks),
        )
        for seq, worker, operation, waiting_for, claimed_at, progress, *marks in rows
    ]


def _pools(
    groups: Groups, running: Sequence[Running], durations: Mapping[str, Durations], now: float
) -> list[Pool]:
    return [
        Pool(
            names,
            slots,
            [
                one.rest(now, durations)
                for one in running
                if one.busy and one.worker in ids and one.operation in names
            ],
        )
        for names, (slots, ids) in groups.items()
    ]
