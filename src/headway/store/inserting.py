"""How a job comes to be: its row, its place in the order, its input, and its first event."""

from collections.abc import Collection, Sequence

from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.rows import dumps
from headway.store.turns import Turns
from headway.store.values.submission import Submission


def insert_jobs(
    db: Database,
    tx: Transaction,
    fresh: Sequence[Submission],
    now: float,
    held: Collection[str] = (),
) -> list[Job]:
    """Make a job of each, due or delayed, with its input, its artefacts and its first event. Those
    `held` wait for a limit of their owner although they are due. Who calls counts them as load."""
    if not fresh:
        return []
    numbers = db.reserve(tx, "jobs", len(fresh))
    waiting = {one.id: _waiting(one, now, held) for one in fresh}
    turns = Turns(db, tx, [(s.owner, s.priority) for s in fresh if waiting[s.id] is None])
    numbered = list(zip(numbers, fresh, strict=True))
    rows = [_job_row(seq, one, now) | _place(one, waiting[one.id], turns) for seq, one in numbered]
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
    "traceparent",
)  # fmt: skip
_INSERT_JOB = (
    f"INSERT INTO jobs ({', '.join(_INSERTED)}) VALUES ({', '.join(':' + c for c in _INSERTED)})"  # nosec B608 - names that stand in the code
)


def due_at_of(one: Submission, now: float) -> float | None:
    """When a submission is due; None for at once."""
    due_at = one.run_at if one.delay is None else now + one.delay
    return due_at if due_at is not None and due_at > now else None


def _waiting(one: Submission, now: float, held: Collection[str]) -> Waiting | None:
    """What a new job waits for; None for a job that is ready."""
    if due_at_of(one, now) is not None:
        return Waiting.TIME
    return Waiting.LIMIT if one.id in held else None


def _place(one: Submission, waiting: Waiting | None, turns: Turns) -> dict[str, object]:
    """Where a new job stands: a ready one has a turn."""
    turn = turns.take(one.owner, one.priority) if waiting is None else 0
    return {"waiting_for": waiting, "turn": turn}


def _job_row(seq: int, one: Submission, now: float) -> dict[str, object]:
    due_at = due_at_of(one, now)
    return {
        "seq": seq,
        "id": one.id,
        "operation": one.operation,
        "owner": one.owner,
        "status": "pending",
        "priority": one.priority,
        "run_at": one.run_at if due_at is None else due_at,
        "created_at": now,
        "last_event": 1,
        "max_attempts": one.max_attempts,
        "timeout": one.timeout,
        "uses": dumps(one.uses) if one.uses else None,
        "metadata": dumps(one.metadata) if one.metadata else None,
        "unique_key": one.unique_key,
        "traceparent": one.traceparent,
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
        waiting_for=None if row["waiting_for"] is None else Waiting(str(row["waiting_for"])),
        max_attempts=one.max_attempts,
        timeout=one.timeout,
        metadata=one.metadata,
        unique_key=one.unique_key,
        last_event=1,
    )
