"""The retrying of a job by hand: all of it, or those of its items that failed."""

from typing import Final

from headway.errors import NotFinished
from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.limits import Limits
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.idempotency import name_of
from headway.store.loads import admit_again
from headway.store.one_job import found, locked, refuse_shard
from headway.store.redo import begin_redo
from headway.store.shards import family_of, restart
from headway.store.turns import Turns
from headway.store.unique import names_of, refuse_second
from headway.store.values.submission import IdempotencyKey

_RETRIED: Final = StatusChanged(Status.PENDING, reason="retried by its owner")

_RETRY: Final = (
    "UPDATE jobs SET status = 'pending', waiting_for = :waiting_for, run_at = NULL,"
    " turn = :turn, completed_at = NULL, error = NULL, result = NULL, attempt = 0,"
    " crashes = 0, interruptions = 0, crashes_in_a_row = 0, interruptions_in_a_row = 0,"
    " version = version + 1, last_event = last_event + 1"
    " WHERE seq = :seq AND status IN ('failed', 'cancelled')"
)


def held_to_retry(
    db: Database, tx: Transaction, job_id: str, key: IdempotencyKey | None = None
) -> Job:
    """The job, nobody else's to change from now on.

    Its names are held first and all at once, or two that retry it would wait for each other.
    """
    named = found(tx, job_id)  # what names it never changes
    names = {family_of(job_id)} | names_of([named])
    db.hold(tx, names if key is None else names | {name_of(named.owner, key)})
    return locked(db, tx, job_id)


def retry_job(db: Database, tx: Transaction, before: Job, limits: Limits) -> Job:
    """Make a failed or cancelled job due again, with all its attempts."""
    now = db.now(tx)
    refuse_shard(before, "retry")
    if before.status not in (Status.FAILED, Status.CANCELLED):
        raise NotFinished(
            f"expected a failed or cancelled job, got a {before.status} one;"
            " only those can be retried"
        )
    refuse_second(tx, before)
    _move(db, tx, before, kept_back=admit_again(tx, before, limits))
    write_facts(tx, now, [(before.seq, before.last_event + 1, _RETRIED)])
    if before.shards is not None:
        restart(db, tx, before, now)
    return locked(db, tx, before.id)


def _move(db: Database, tx: Transaction, job: Job, *, kept_back: bool) -> None:
    turns = Turns(db, tx, [(job.owner, job.priority)])
    tx.run(
        _RETRY,
        {
            "seq": job.seq,
            "waiting_for": Waiting.LIMIT if kept_back else None,
            "turn": 0 if kept_back else turns.take(job.owner, job.priority),
        },
    )
    turns.save()


def retry_items(db: Database, tx: Transaction, before: Job, limits: Limits) -> Job:
    """Make a job that has ended due again, for its failed items."""
    refuse_shard(before, "retry")
    refuse_second(tx, before)
    begin_redo(db, tx, before, db.now(tx), limits)
    return locked(db, tx, before.id)
