"""What the store tells whoever watches over it: each statement reads no more than a bound."""

from headway.store.database import Params, Transaction
from headway.store.pauses import paused_since
from headway.store.states import DELAYED, HELD, READY
from headway.store.tallies import BOUNDS, SUMS
from headway.store.values.meters import COUNTED, Meters, QueueMeter, TotalMeter
from headway.store.workers import ALIVE


def read_meters(tx: Transaction, now: float, log_bytes: int) -> Meters:
    """All of it."""
    slots = tx.row(
        "SELECT count(*), coalesce(sum(slots), 0), coalesce(sum(async_slots), 0) FROM workers"  # nosec B608 - constants
        f" WHERE {ALIVE}",
        {"now": now},
    )
    workers, alone, shared = slots or (0, 0, 0)
    return Meters(
        queues=[one for name in waiting_operations(tx) for one in _queues(tx, name, now)],
        totals=_totals(tx),
        delayed=delayed_of(tx),
        running=running_of(tx),
        held=_held(tx),
        paused=list(paused_since(tx)),
        workers=workers,
        slots=int(alone),
        async_slots=int(shared),
        log_bytes=log_bytes,
    )


def waiting_operations(tx: Transaction) -> list[str]:
    """Operations that somebody waits for: a step of the index for each, however many wait."""
    names: list[str] = []
    while True:
        name = tx.value(
            f"SELECT min(operation) FROM jobs WHERE {READY} AND operation > :after",  # nosec B608 - constants
            {"after": names[-1] if names else ""},
        )
        if name is None:
            return names
        names.append(name)


def delayed_of(tx: Transaction) -> dict[str, int]:
    """How many jobs of each operation wait for their time."""
    return dict(
        tx.rows(
            "SELECT operation, count(*) FROM (SELECT operation FROM jobs"  # nosec B608 - constants and names that stand in the code
            f" WHERE {DELAYED}{own(tx, DELAYED)} ORDER BY run_at LIMIT :most) AS counted GROUP BY operation",
            {"most": COUNTED},
        )
    )


def running_of(tx: Transaction) -> dict[str, int]:
    """How many jobs of each operation run."""
    return dict(
        tx.rows(
            "SELECT operation, count(*) FROM jobs WHERE status = 'running' AND parent IS NULL"
            " GROUP BY operation"
        )
    )


def own(tx: Transaction, waiting: str, params: Params | None = None) -> str:
    """A condition that leaves out shards, where any wait: without it, counting reads no job."""
    shard = tx.row(f"SELECT 1 FROM jobs WHERE parent IS NOT NULL AND {waiting} LIMIT 1", params)  # nosec B608 - names that stand in the code
    return "" if shard is None else " AND parent IS NULL"


def _queues(tx: Transaction, operation: str, now: float) -> list[QueueMeter]:
    without_shards = own(tx, f"{READY} AND operation = :operation", {"operation": operation})
    rows = tx.rows(
        "SELECT lines.priority, waiting, created_at FROM (SELECT priority, count(*) AS waiting,"  # nosec B608 - constants and names that stand in the code
        " min(seq) AS first FROM (SELECT seq, priority FROM jobs WHERE operation = :operation"
        f" AND {READY}{without_shards} ORDER BY priority, turn, seq LIMIT :most) AS counted"
        " GROUP BY priority)"
        " AS lines JOIN jobs ON jobs.seq = lines.first ORDER BY lines.priority",
        {"operation": operation, "most": COUNTED},
    )
    return [
        QueueMeter(
            operation=operation,
            priority=priority,
            waiting=waiting,
            oldest=max(0.0, now - created_at),
        )
        for priority, waiting, created_at in rows
    ]


def _held(tx: Transaction) -> int:
    return int(
        tx.value(
            f"SELECT count(*) FROM (SELECT 1 FROM jobs WHERE {HELD} LIMIT :most) AS counted",  # nosec B608 - constants
            {"most": COUNTED},
        )
    )


def _totals(tx: Transaction) -> list[TotalMeter]:
    bounds = ", ".join(f"sum({name})" for name in SUMS[3:])
    rows = tx.rows(
        f"SELECT operation, outcome, sum(count), sum(seconds), {bounds} FROM tallies"  # nosec B608 - names that stand in the code
        " GROUP BY operation, outcome ORDER BY operation, outcome"
    )
    return [
        TotalMeter(
            operation=operation,
            what=what,
            count=int(count),
            seconds=float(seconds),
            bounds=[(bound, int(n)) for bound, n in zip(BOUNDS, counts, strict=True)],
        )
        for operation, what, count, seconds, *counts in rows
    ]
