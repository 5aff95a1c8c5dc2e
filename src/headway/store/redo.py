"""Trying a job's failed items again: which parts hold them, and how a part is put in its place."""

from collections.abc import Sequence
from typing import Final

from headway.errors import Conflict, NotFinished
from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.limits import Limits
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.loads import admit_again
from headway.store.rows import PART_COLUMNS, part_from_row
from headway.store.shards import restart, shards_where
from headway.store.turns import Turns
from headway.store.values.attempts import Part, Report

REASON: Final = "failed items retried by its owner"


def begin_redo(db: Database, tx: Transaction, before: Job, now: float, limits: Limits) -> None:
    """Make a job that has ended due again, for its failed items.

    It goes on from its last checkpoint after that, so a completed one has nothing else to do.
    """
    if not before.status.finished:
        raise NotFinished(f"expected a job that has ended, got a {before.status} one")
    shards = [] if before.shards is None else shards_where(tx, before.id, "failed > 0")
    if not sum(_mark(tx, one.seq) for one in shards or [before]):
        raise Conflict("expected a job with failed items, got one without; there is nothing to do")
    held = admit_again(tx, before, limits)
    turns = Turns(db, tx, [(before.owner, before.priority)])
    # The job's own turn first: its merge comes before what is due after it.
    again = [_again(before, turns, held=held), *(_again(one, turns) for one in shards)]
    tx.run_many(_AGAIN, again)
    turns.save()
    fact = StatusChanged(Status.PENDING, reason=REASON)
    write_facts(tx, now, [(one.seq, one.last_event + 1, fact) for one in (before, *shards)])
    if before.shards is not None:
        _forget_merge(tx, before.seq)
        restart(db, tx, before, now)


def _forget_merge(tx: Transaction, seq: int) -> None:
    """Take back what the merge has given: it is to be made anew. The counts become those of the
    shards with their next report."""
    tx.run("DELETE FROM parts WHERE job = :job", {"job": seq})
    tx.run("DELETE FROM checkpoints WHERE job = :job", {"job": seq})


_AGAIN: Final = (
    "UPDATE jobs SET status = 'pending', waiting_for = :waiting_for, run_at = NULL, turn = :turn,"
    " completed_at = NULL, error = NULL, result = NULL, progress = 0, message = NULL,"
    " attempt = 0, crashes = 0, interruptions = 0, crashes_in_a_row = 0,"
    " interruptions_in_a_row = 0, version = version + 1, last_event = last_event + 1"
    " WHERE seq = :seq AND status IN ('completed', 'failed', 'cancelled')"
)


def _again(job: Job, turns: Turns, *, held: bool = False) -> dict[str, object]:
    return {
        "seq": job.seq,
        "waiting_for": Waiting.LIMIT if held else None,
        "turn": 0 if held else turns.take(job.owner, job.priority),
    }


def _mark(tx: Transaction, seq: int) -> int:
    """Mark a job's own parts with failed items, and answer how many there are."""
    return tx.run("UPDATE parts SET redo = true WHERE job = :seq AND failed > 0", {"seq": seq})


def to_redo(tx: Transaction, seq: int) -> list[Part]:
    """The parts of a job whose failed items are to be tried again."""
    rows = tx.rows(
        f"SELECT {PART_COLUMNS} FROM parts WHERE job = :job AND redo ORDER BY first",  # nosec B608 - constants
        {"job": seq},
    )
    return [part_from_row(row) for row in rows]


def replaced_counts(tx: Transaction, report: Report) -> tuple[int, int]:
    """How many succeeded and failed items the report's parts take the place of."""
    succeeded = failed = 0
    for part in report.parts:
        if part.redone:
            row = tx.row(
                "SELECT count - failed, failed FROM parts WHERE job = :job AND first = :first",
                {"job": report.seq, "first": part.first},
            )
            succeeded += 0 if row is None else row[0]
            failed += 0 if row is None else row[1]
    return succeeded, failed


def write_parts(tx: Transaction, seq: int, parts: Sequence[Part]) -> None:
    """Publish parts; one that was tried again takes the place of what it was."""
    for again in (False, True):
        tx.run_many(
            "INSERT INTO parts (job, first, count, failed, path, size, sha256)"  # nosec B608 - names that stand in the code
            " VALUES (:job, :first, :count, :failed, :path, :size, :sha256)"
            + (_REPLACE if again else ""),
            [
                {
                    "job": seq,
                    "first": part.first,
                    "count": part.count,
                    "failed": part.failed,
                    "path": part.path,
                    "size": part.size,
                    "sha256": part.sha256,
                }
                for part in parts
                if part.redone is again
            ],
        )


_REPLACE: Final = (
    " ON CONFLICT (job, first) DO UPDATE SET count = excluded.count, failed = excluded.failed,"
    " path = excluded.path, size = excluded.size, sha256 = excluded.sha256, redo = false"
)
