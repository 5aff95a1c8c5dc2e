"""Shards: the jobs that a job was split into. They end with it, and never without its knowledge.

While any of them is unfinished, their parent is `running` with `waiting_for = shards`: no worker
holds it, and it takes no slot. Whoever changes a shard's state or counts holds the name of its
family from the beginning of the transaction, so that of the two that end last one sees the other.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from headway.events import Fact, StatusChanged
from headway.job import Job, Json, Status
from headway.store.database import Database, Params, Transaction
from headway.store.events import write_facts
from headway.store.rows import (
    JOB_COLUMNS,
    PART_COLUMNS,
    dumps,
    job_from_row,
    job_where,
    loads,
    part_from_row,
)
from headway.store.states import ENDED_BADLY, UNFINISHED
from headway.store.turns import Turns
from headway.store.values.attempts import Part

Numbered = tuple[int, int, Fact]
"""A fact with its job's seq and its number there."""


def family_of(parent: str) -> str:
    """The name that a transaction holds which changes shards of this job."""
    return f"shards {parent}"


def begin_shards(
    db: Database, tx: Transaction, seq: int, inputs: Sequence[str], now: float
) -> list[Numbered]:
    """Make a job's shards, each due in its own turn, and let the job wait for them."""
    parent = _job(tx, "seq = :seq", {"seq": seq})
    same = tx.row("SELECT uses, traceparent FROM jobs WHERE seq = :seq", {"seq": seq})
    uses, traceparent = same or (None, None)
    turns = Turns(db, tx, [(parent.owner, parent.priority)])
    numbers = db.reserve(tx, "jobs", len(inputs))
    tx.run_many(
        _INSERT_SHARD,
        [
            {
                "seq": number,
                "id": f"{parent.id}-{shard}",
                "operation": parent.operation,
                "owner": parent.owner,
                "priority": parent.priority,
                "turn": turns.take(parent.owner, parent.priority),
                "now": now,
                "max_attempts": parent.max_attempts,
                "timeout": parent.timeout,
                "uses": uses,
                "traceparent": traceparent,
                "parent": parent.id,
                "shard": shard,
            }
            for shard, number in enumerate(numbers)
        ],
    )
    tx.run_many(
        "INSERT INTO inputs (job, body) VALUES (:job, :body)",
        [{"job": number, "body": body} for number, body in zip(numbers, inputs, strict=True)],
    )
    turns.save()
    tx.run("UPDATE jobs SET shards = :shards WHERE seq = :seq", {"seq": seq, "shards": len(inputs)})
    _wait(tx, seq)
    return [(number, 1, _MADE) for number in numbers]


def restart(db: Database, tx: Transaction, parent: Job, now: float) -> bool:
    """Make the parent's shards that failed or were cancelled due again, and let it wait for them.

    It is `pending` at this moment. False when all of its shards are completed.
    """
    again = shards_where(tx, parent.id, ENDED_BADLY)
    turns = Turns(db, tx, [(parent.owner, parent.priority)])
    tx.run_many(
        _RESTART,
        [{"seq": one.seq, "turn": turns.take(one.owner, one.priority)} for one in again],
    )
    turns.save()
    write_facts(tx, now, [(one.seq, one.last_event + 1, _RETRIED) for one in again])
    return wait_again(tx, parent.id, now)


def wait_again(tx: Transaction, parent_id: str, now: float) -> bool:
    """Let a pending parent wait for its unfinished shards; False when it has none."""
    parent = _job(tx, "id = :id", {"id": parent_id})
    left = tx.value(
        f"SELECT count(*) FROM jobs WHERE parent = :id AND {UNFINISHED}",  # nosec B608 - constants
        {"id": parent_id},
    )
    if not left:
        return False
    tx.run(
        "UPDATE jobs SET status = 'running', version = version + 1, last_event = last_event + 1,"
        " progress = (SELECT avg(shard.progress) FROM jobs AS shard WHERE shard.parent = :id)"
        " WHERE seq = :seq AND status = 'pending'",
        {"seq": parent.seq, "id": parent_id},
    )
    _wait(tx, parent.seq)
    fact = StatusChanged(Status.RUNNING, reason=f"{left} of its {parent.shards} shards run again")
    write_facts(tx, now, [(parent.seq, parent.last_event + 1, fact)])
    return True


def cancel_shards(
    db: Database, tx: Transaction, parent_id: str, why: str, now: float
) -> list[Numbered]:
    """End whatever shards of this job have not ended; their attempts can write no more.

    Answers what is to be written of them as events.
    """
    ended = tx.rows(
        f"SELECT seq FROM jobs WHERE parent = :parent AND {UNFINISHED} ORDER BY seq{db.for_update}",  # nosec B608 - constants and a lock
        {"parent": parent_id},
    )
    if not ended:
        return []
    tx.run(
        "INSERT INTO attempts (job, token, worker, started_at, ended_at, reason)"
        " SELECT seq, lease_token, worker, claimed_at, :now, 'cancelled' FROM jobs"
        " WHERE parent = :parent AND status = 'running'",
        {"parent": parent_id, "now": now},
    )
    rows = tx.rows(
        "UPDATE jobs SET status = 'cancelled', completed_at = :now, waiting_for = NULL,"  # nosec B608 - constants
        " version = version + 1, last_event = last_event + 1"
        f" WHERE parent = :parent AND {UNFINISHED} RETURNING seq, last_event",
        {"parent": parent_id, "now": now},
    )
    fact = StatusChanged(Status.CANCELLED, reason=why)
    return [(seq, number, fact) for seq, number in sorted(rows)]


def shards_where(tx: Transaction, parent_id: str, condition: str = "1 = 1") -> list[Job]:
    """The job's shards of which this is true, in their order."""
    rows = tx.rows(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE parent = :parent AND {condition} ORDER BY shard",  # nosec B608 - constants and names that stand in the code
        {"parent": parent_id},
    )
    return [job_from_row(row) for row in rows]


def shard_results(tx: Transaction, parent_id: str) -> list[Json]:
    """What the job's shards returned, in their order."""
    rows = tx.rows(
        "SELECT result FROM jobs WHERE parent = :parent ORDER BY shard", {"parent": parent_id}
    )
    return [loads(row[0]) for row in rows]


def parts_of_shards(db: Database, tx: Transaction, parent_id: str, after: int) -> list[Part]:
    """The parts of a job's shards that hold items past index `after`, as parts of the job's own.

    In the order of the shards, and behind them those of the merge. They end with the first shard
    that has items to come: those after it have no index yet.
    """
    firsts: dict[int, int] = {}
    reached = 0
    for shard in shards_where(tx, parent_id):
        items = shard.counts.succeeded + shard.counts.failed
        if items and reached + items > after + 1:
            firsts[shard.seq] = reached
        reached += items
        if shard.status is not Status.COMPLETED and shard.counts.remaining != 0:
            break
    else:
        firsts[_job(tx, "id = :id", {"id": parent_id}).seq] = reached
    wanted = db.rows_of({"wanted": "bigint"})
    rows = tx.rows(
        f"SELECT job, {PART_COLUMNS} FROM {wanted} AS w JOIN parts ON parts.job = w.wanted",  # nosec B608 - constants and `rows_of`
        {"rows": dumps([[seq] for seq in firsts])},
    )
    parts = [
        replace(part, first=firsts[seq] + part.first)
        for seq, *rest in rows
        for part in [part_from_row(rest)]
    ]
    return sorted(
        (one for one in parts if one.first + one.count > after + 1), key=lambda one: one.first
    )


_MADE: Final = StatusChanged(Status.PENDING, reason="split off from its job")
_RETRIED: Final = StatusChanged(Status.PENDING, reason="its job was retried by its owner")

_INSERT_SHARD: Final = (
    "INSERT INTO jobs (seq, id, operation, owner, status, priority, turn, created_at, last_event,"
    " max_attempts, timeout, uses, traceparent, parent, shard) VALUES (:seq, :id, :operation, :owner,"
    " 'pending', :priority, :turn, :now, 1, :max_attempts, :timeout, :uses, :traceparent, :parent, :shard)"
)

_RESTART: Final = (
    "UPDATE jobs SET status = 'pending', waiting_for = NULL, run_at = NULL, turn = :turn,"
    " completed_at = NULL, error = NULL, attempt = 0, crashes = 0, interruptions = 0,"
    " crashes_in_a_row = 0, interruptions_in_a_row = 0, version = version + 1,"
    " last_event = last_event + 1 WHERE seq = :seq AND status IN ('failed', 'cancelled')"
)


def _job(tx: Transaction, condition: str, params: Params) -> Job:
    job = job_where(tx, condition, params)
    assert job is not None
    return job


def _wait(tx: Transaction, seq: int) -> None:
    """The token moves on, so that no attempt of before can write to a job that is running again."""
    tx.run(
        "UPDATE jobs SET waiting_for = 'shards', run_at = NULL, worker = NULL,"
        " lease_token = lease_token + 1 WHERE seq = :seq AND status = 'running'",
        {"seq": seq},
    )
