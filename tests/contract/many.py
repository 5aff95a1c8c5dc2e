"""A store with many jobs of which a few are unlike the rest, made by statements of our own."""

from typing import Final

from headway.store.contract import Store
from headway.store.sql_store import SqlStore

LIKE_FEW: Final = 800
"""The first so many jobs are the same in stores of every size: what is rare is among them."""

_JOBS: Final = f"""
INSERT INTO jobs (id, operation, owner, status, priority, created_at, worker)
SELECT 'job-' || n, CASE WHEN n % 40 = 0 AND n <= {LIKE_FEW} THEN 'rare' ELSE 'often' END,
  CASE WHEN n % 5 = 0 THEN 'bob' ELSE 'ann' END,
  CASE WHEN n > {LIKE_FEW} THEN 'completed' WHEN n % 40 = 1 THEN 'failed'
    WHEN n % 40 = 2 THEN 'cancelled' WHEN n % 200 = 4 THEN 'running' ELSE 'completed' END,
  5, n, 'worker'
"""  # nosec B608 - constants
_NUMBERS: Final = {
    "sqlite": "FROM (WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers"
    " WHERE n < :last) SELECT n FROM numbers)",
    "postgres": "FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS numbers (n)",
}
_AT_ONCE: Final = 20_000
"""PostgreSQL ends a statement of ours after eight seconds."""


def fill(store: Store, jobs: int, after: int = 0) -> None:
    """Jobs up to this number, of two owners and two operations, nearly all of which completed."""
    assert isinstance(store, SqlStore)
    database = store._database  # noqa: SLF001 - to submit and run a million takes minutes
    for first in range(after + 1, jobs + 1, _AT_ONCE):
        with database.write() as tx:
            slice = {"first": first, "last": min(jobs, first + _AT_ONCE - 1)}
            tx.run(_JOBS + _NUMBERS[database.engine_name], slice)
