"""The end of a job: a tombstone in its place, and nothing of what was kept beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headway.store.database import Database, Row, Transaction
from headway.store.rows import dumps

EVENTS_AT_ONCE: Final = 10_000
"""Events deleted in one transaction: nobody may wait long for his turn to write."""

OF_JOBS: Final = (
    "attempts", "checkpoints", "deliveries", "events", "idempotency", "inputs", "notices", "paces",
    "parts",
)  # fmt: skip
"""Tables whose rows are of a job, and go with it."""


@dataclass(frozen=True, slots=True)
class Family:
    """A job that is to be removed, together with its shards."""

    seqs: Sequence[int]
    """The job's own first."""
    ids: Sequence[str]
    last_event: int
    """Of all of them together."""

    @property
    def seq(self) -> int:
        """The job's."""
        return self.seqs[0]

    @classmethod
    def of_row(cls, tx: Transaction, row: Row) -> "Family":
        """The job in the row, (seq, id, last event, number of shards), and the shards it has."""
        seq, id, last_event, shards = row
        family = [(seq, id, last_event)]
        if shards is not None:
            family += tx.rows(
                "SELECT seq, id, last_event FROM jobs WHERE parent = :id ORDER BY seq", {"id": id}
            )
        return cls(
            [one[0] for one in family], [one[1] for one in family], sum(one[2] for one in family)
        )


def bury(db: Database, tx: Transaction, families: Sequence[Family]) -> None:
    """Leave tombstones of these jobs, and nothing else; of their shards nothing at all."""
    wanted = db.rows_of({"wanted": "bigint"})
    rows = {"rows": dumps([[seq] for one in families for seq in one.seqs])}
    tx.run(
        "INSERT INTO tombstones (id, owner, operation, status, completed_at, pruned_at)"  # nosec B608 - `rows_of`
        " SELECT id, owner, operation, status, completed_at, :now"
        f" FROM {wanted} AS w JOIN jobs ON jobs.seq = w.wanted WHERE parent IS NULL",
        rows | {"now": db.now(tx)},
    )
    for table in OF_JOBS:
        tx.run(f"DELETE FROM {table} WHERE job IN (SELECT wanted FROM {wanted} AS w)", rows)  # nosec B608 - `rows_of` and names that stand in the code
    # What a job read is kept for as long as something that it made may be asked where from.
    tx.run(
        f"DELETE FROM uses WHERE job IN (SELECT wanted FROM {wanted} AS w WHERE NOT EXISTS"  # nosec B608 - `rows_of`
        " (SELECT 1 FROM artifacts WHERE artifacts.job = w.wanted))",
        rows,
    )
    tx.run(f"DELETE FROM jobs WHERE seq IN (SELECT wanted FROM {wanted} AS w)", rows)  # nosec B608 - `rows_of`


def fitting(tx: Transaction, ended: Sequence[Family]) -> list[Family]:
    """As many of these jobs as one transaction can take.

    A job with more events than that loses its oldest ones first, transaction by transaction.
    """
    found: list[Family] = []
    room = EVENTS_AT_ONCE
    for one in ended:
        events = one.last_event
        if events > EVENTS_AT_ONCE:
            events = sum(_count(tx, seq) for seq in one.seqs)
        if events > room:
            if not found:
                _trim(tx, one.seqs)
            break
        room -= events
        found.append(one)
    return found


def _count(tx: Transaction, seq: int) -> int:
    return int(
        tx.value(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE job = :seq LIMIT :most) AS first_ones",
            {"seq": seq, "most": EVENTS_AT_ONCE + 1},
        )
    )


def _trim(tx: Transaction, seqs: Sequence[int]) -> None:
    most = EVENTS_AT_ONCE
    for seq in seqs:
        most -= tx.run(
            "DELETE FROM events WHERE job = :seq AND number IN"
            " (SELECT number FROM events WHERE job = :seq ORDER BY number LIMIT :most)",
            {"seq": seq, "most": most},
        )
        if most <= 0:
            break
