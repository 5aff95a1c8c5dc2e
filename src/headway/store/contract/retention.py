"""What the store promises about the removal of what is old."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from headway.job import Status
from headway.store.values.history import Forgotten, Pruned, Tombstone

ALIKE: Final[Mapping[Status, float]] = MappingProxyType({})
"""Every job is kept for the same time, however it ended."""


class Retention(Protocol):
    """What is removed when it is old. Each step is bounded, and several may do it at once."""

    def prune(
        self,
        keep: float,
        *,
        by_status: Mapping[Status, float] = ALIKE,
        after: int = 0,
        limit: int = 500,
    ) -> Pruned:
        """Remove jobs that ended more than `keep` seconds ago, with all that belongs to them.

        `by_status` keeps those that ended so for another time. Looks at `limit` jobs, the first
        of those past `after`. A tombstone of each stays. Artefacts stay too: others may use them.
        """

    def forget_checkpoints(self, *, after: int = 0, limit: int = 500) -> Forgotten:
        """Forget the checkpoints of jobs that completed without a failed item: no attempt of them
        comes again. Looks at `limit` jobs with checkpoints, the first of those past `after`.
        """

    def tidy(self, *, workers: float, keys: float, tombstones: float, limit: int = 500) -> int:
        """Remove up to `limit` of each that is older than these seconds, turns used up, and what
        is kept of tokens that have expired and of sign-ins long ago.

        A worker's age is counted from when it left, an idempotency key's, with what was answered,
        from its first use. Answers how many rows were removed.
        """

    def tombstone(self, job_id: str) -> Tombstone | None:
        """What is left of this job if it was pruned."""
