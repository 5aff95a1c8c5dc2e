"""How a job comes to be: its row, its place in the order, its input, and its first event."""

from collections.abc import Sequence

from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.rows import dumps
from headway.store.turns import Turns
from headway.store.values import Submission


def insert_jobs(
    db: Database, tx: Transaction, fresh: Sequence[Submission], now: float
) -> list[Job]:
    """Make a job of each, due or delayed, with its input, its artefacts and its first event."""
    if not fresh:
        return []
    numbers = db.reserve(tx, "jobs", len(fresh))
    due = [(s.owner, s.priority) for s in fresh if _due_at(s, now) is None]
    turns = Turns(db, tx, due)
    numbered = list(zip(numbers, fresh, strict=True))
    rows = [_job_row(seq, one, turns, now) for seq, one in numbered]
    tx.run_many(_INSERT_JOB, rows)
    turns.save()
    tx.run_many(
        "INSERT INTO inputs (job, body) VALUES (:job, :body)",
        [{"job": seq, "body": one.input.decode()} for seq, one in numbered],
    )
    tx.run_many(
        "INSERT INTO uses (artifact, job) VALUES (:artifact, :job)",
        [
            {"artifact": artifact, "job": seq}
            for seq, one in numbered
            for artifact in sorted(set(one.uses.values()))
        ],
    )
    tx.run_many(
        "INSERT INTO notices (job, targets) VALUES (:job, :targets)",
        [
            {"job": seq, "targets": dumps([target.told() for target in one.notify])}
            for seq, one in numbered
            if one.notify is not None
        ],
    )
    write_facts(tx, now, [(seq, 1, _SUBMITTED) for seq, _ in numbered])
    return [_job_of(row, one) for row, one in zip(rows, fresh, strict=True)]


_SUBMITTED = StatusChanged(Status.PENDING, reason="submitted")

_INSERTED = (
    "seq", "id", "operation", "owner", "status", "waiting_for", "priority", "turn", "run_at",
    "created_at", "last_event", "max_attempts", "timeout", "uses", "metadata", "unique_key",
)  # fmt: skip
_INSERT_JOB = (
    f"INSERT INTO jobs ({', '.join(_INSERTED)}) VALUES ({', '.join(':' + c for c in _INSERTED)})"
)


def _due_at(one: Submission, now: float) -> float | None:
    """When a submission is due; None for at once."""
    due_at = one.run_at if one.delay is None else now + one.delay
    return due_at if due_at is not None and due_at > now else None


def _job_row(seq: int, one: Submission, turns: Turns, now: float) -> dict[str, object]:
    due_at = _due_at(one, now)
    return {
        "seq": seq,
        "id": one.id,
        "operation": one.operation,
        "owner": one.owner,
        "status": "pending",
        "waiting_for": None if due_at is None else "time",
        "priority": one.priority,
        "turn": turns.take(one.owner, one.priority) if due_at is None else 0,
        "run_at": one.run_at if due_at is None else due_at,
        "created_at": now,
        "last_event": 1,
        "max_attempts": one.max_attempts,
        "timeout": one.timeout,
        "uses": dumps(one.uses) if one.uses else None,
        "metadata": dumps(one.metadata) if one.metadata else None,
        "unique_key": one.unique_key,
    }


def _job_of(row: dict[str, object], one: Submission) -> Job:
    """The job a submission has just become, without reading it back."""
    return Job(
        seq=int(str(row["seq"])),
        id=one.id,
        operation=one.operation,
        owner=one.owner,
        status=Status.PENDING,
        priority=one.priority,
        created_at=float(str(row["created_at"])),
        version=1,
        run_at=None if row["run_at"] is None else float(str(row["run_at"])),
        waiting_for=None if row["waiting_for"] is None else Waiting.TIME,
        max_attempts=one.max_attempts,
        timeout=one.timeout,
        metadata=one.metadata,
        unique_key=one.unique_key,
        last_event=1,
    )
