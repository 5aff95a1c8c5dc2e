"""The cancelling of a job: its attempt and its shards end with it, and write no more."""

from typing import Final

from headway.errors import AlreadyFinished
from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.loads import Changes
from headway.store.notices import announce
from headway.store.one_job import locked, refuse_shard
from headway.store.shards import cancel_shards, family_of
from headway.store.tallies import Tallies

_CANCELLED: Final = StatusChanged(Status.CANCELLED, reason="cancelled by its owner")


def cancel_job(db: Database, tx: Transaction, job_id: str) -> Job:
    """See `Jobs.cancel`."""
    db.hold(tx, {family_of(job_id)})
    now = db.now(tx)
    before = locked(db, tx, job_id)
    refuse_shard(before, "cancel")
    if before.status.finished:
        raise AlreadyFinished(f"Cannot cancel {before.status} job")
    _end_attempt(tx, before, now)
    of_shards = cancel_shards(db, tx, job_id, "its job was cancelled by its owner", now)
    _unload(tx, before)
    _move(tx, before, now)
    write_facts(tx, now, [(before.seq, before.last_event + 1, _CANCELLED), *of_shards])
    _tally(tx, before, now)
    announce(db, tx, [before.seq], now)
    return locked(db, tx, job_id)


def _end_attempt(tx: Transaction, job: Job, now: float) -> None:
    """Keep what is known of the attempt that is running, if one is."""
    if job.status is Status.RUNNING and job.waiting_for is None:
        tx.run(
            "INSERT INTO attempts (job, token, worker, started_at, ended_at, reason)"
            " SELECT seq, lease_token, worker, claimed_at, :now, 'cancelled' FROM jobs"
            " WHERE seq = :seq",
            {"now": now, "seq": job.seq},
        )


def _unload(tx: Transaction, job: Job) -> None:
    """Let it count among its owner's no more: after the rows of all jobs, as whoever changes both
    does."""
    active = job.waiting_for in (None, Waiting.SHARDS)  # it counts among those that may run
    changes = Changes()
    changes.add(job.owner, unfinished=-1, active=-active)
    changes.save(tx)


def _move(tx: Transaction, job: Job, now: float) -> None:
    tx.run(
        "UPDATE jobs SET status = 'cancelled', completed_at = :now, waiting_for = NULL,"
        " version = version + 1, last_event = last_event + 1"
        " WHERE seq = :seq AND status IN ('pending', 'running')",
        {"now": now, "seq": job.seq},
    )


def _tally(tx: Transaction, job: Job, now: float) -> None:
    tallies = Tallies(now)
    tallies.add(job.operation, Status.CANCELLED, job.worker or "", 0.0)
    tallies.save(tx)
