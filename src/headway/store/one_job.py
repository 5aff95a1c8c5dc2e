"""One job that somebody wants to change: his alone until the transaction ends, or why not."""

from headway.errors import Conflict, NotFound
from headway.job import Job
from headway.store.database import Database, Transaction
from headway.store.rows import job_where


def found(tx: Transaction, job_id: str, locking: str = "") -> Job:
    """The job as it is now. Raise `NotFound` if there is none."""
    job = job_where(tx, f"id = :id{locking}", {"id": job_id})
    if job is None:
        raise NotFound("Job not found")
    return job


def locked(db: Database, tx: Transaction, job_id: str) -> Job:
    """The same, and nobody else changes it before the transaction ends."""
    return found(tx, job_id, db.for_update)


def refuse_shard(job: Job, act: str) -> None:
    """Raise `Conflict` for a shard, which ends and goes on with the job it is of."""
    if job.parent is not None:
        raise Conflict(
            f"expected a job of its own, got a shard of {job.parent}; {act} that job instead"
        )
