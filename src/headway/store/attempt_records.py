"""The attempts of a job, as they are told to those who look at it."""

from typing import Final

from headway.store.database import Row, Transaction
from headway.store.values.history import AttemptRecord

_ENDED: Final = (
    "SELECT token, attempts.worker, coalesce(host, ''), attempts.started_at, ended_at,"
    " reason, attempts.error, traceback, peak_memory, cpu_seconds FROM attempts"
    " JOIN jobs ON jobs.seq = attempts.job"
    " LEFT JOIN workers ON workers.id = attempts.worker"
    " WHERE jobs.id = :id ORDER BY token"
)
# An attempt that completed in a shared process has no row of its own: nothing is known of it that
# its job does not say.
_LAST: Final = (
    "SELECT lease_token, worker, coalesce(host, ''), claimed_at, completed_at, 'completed', NULL,"
    " NULL, NULL, NULL FROM jobs LEFT JOIN workers ON workers.id = jobs.worker"
    " WHERE jobs.id = :id AND status = 'completed' AND NOT EXISTS"
    " (SELECT 1 FROM attempts WHERE attempts.job = seq AND token = lease_token)"
)


def attempts_of(tx: Transaction, job_id: str) -> list[AttemptRecord]:
    """See `Jobs.attempts`."""
    rows = tx.rows(_ENDED, {"id": job_id}) + tx.rows(_LAST, {"id": job_id})
    return [_attempt_from_row(row) for row in rows]


def _attempt_from_row(row: Row) -> AttemptRecord:
    token, worker, host, started_at, ended_at, reason, error, trace, memory, cpu = row
    return AttemptRecord(
        token=token,
        worker=worker,
        host=host,
        started_at=started_at,
        ended_at=ended_at,
        reason=reason,
        error=error,
        traceback=trace,
        peak_memory=memory,
        cpu_seconds=cpu,
    )
