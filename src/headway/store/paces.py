"""How fast running jobs move: two marks of each one's progress, moved on as it reports."""

from collections.abc import Sequence
from math import isnan
from typing import Final

from headway.estimate import MARK_SECONDS
from headway.store.database import Transaction
from headway.store.values.attempts import Report

PACE: Final = "older_at, older, newer_at, newer"
"""The columns of `Marks`, in its order."""
PACE_JOIN: Final = "paces ON paces.job = jobs.seq AND paces.token = jobs.lease_token"

# The newer mark becomes the older one when it is old enough; another attempt begins anew.
_MARK: Final = """
INSERT INTO paces (job, token, older_at, older, newer_at, newer)
VALUES (:job, :token, :now, :progress, :now, :progress)
ON CONFLICT (job) DO UPDATE SET
  token = excluded.token,
  older_at = CASE WHEN paces.token = excluded.token THEN paces.newer_at ELSE excluded.newer_at END,
  older = CASE WHEN paces.token = excluded.token THEN paces.newer ELSE excluded.newer END,
  newer_at = excluded.newer_at,
  newer = excluded.newer
WHERE paces.token <> excluded.token OR paces.newer_at <= :before
"""


def write_paces(tx: Transaction, reports: Sequence[Report], now: float) -> None:
    """Mark where these attempts stand, where it is time for a mark and the attempt goes on."""
    moving = [
        (one, min(max(one.progress, 0.0), 100.0))
        for one in reports
        if one.verdict is None and one.progress is not None and not isnan(one.progress)
    ]
    tx.run_many(
        _MARK,
        [
            {
                "job": one.seq,
                "token": one.token,
                "now": now,
                "progress": progress,
                "before": now - MARK_SECONDS,
            }
            for one, progress in moving
        ],
    )
