"""Takes work on: when there may be some, and as much as there is room for."""

import time

from headway.store.contract import Store
from headway.store.values.attempts import Want
from headway.worker.drain import Drain
from headway.worker.pool import Pool
from headway.worker.record import CALM_SECONDS
from headway.worker.roster import Roster
from headway.worker.starter import Starter


class Claimant:
    """Claims jobs for a worker, and adds the attempts that begin with them to its roster."""

    def __init__(
        self, store: Store, starter: Starter, pool: Pool, roster: Roster, drain: Drain
    ) -> None:
        self._store = store
        self._starter = starter
        self._pool = pool
        self._roster = roster
        self._drain = drain
        self._may_be_work = True
        self._next_claim = 0.0

    def look(self) -> None:
        """There may be work."""
        self._may_be_work = True

    def due_in(self) -> float | None:
        """Seconds until `claim` has something to do; None while nothing is looked for."""
        if self._looks() and self._wants():
            return self._claim_at - time.monotonic()
        return None

    def claim(self, worker: str) -> None:
        """Claim what there is room for, and begin it."""
        if not self._looks() or time.monotonic() < self._claim_at:
            return
        claims = self._starter.claim(self._store.attempts, worker, self._wants())
        self._may_be_work = bool(claims)
        if claims:
            self._next_claim = time.monotonic() + CALM_SECONDS
            self._store.bell.ring("news")
            attempts, unstarted = self._starter.start(claims, worker)
            self._roster.add(attempts)
            for claim, outcome in unstarted:
                self._roster.add_unstarted(claim, outcome)

    def _looks(self) -> bool:
        self._may_be_work = self._roster.freed() or self._may_be_work
        return self._may_be_work

    def _wants(self) -> list[Want]:
        """What there is room for."""
        if self._drain.begun:
            return []
        return self._starter.wants(list(self._roster), self._roster.exiting)

    @property
    def _claim_at(self) -> float:
        """When work may be claimed; in the past if nothing speaks against it."""
        return max(self._pool.ready_at, self._next_claim if self._roster.crowded else 0.0)
