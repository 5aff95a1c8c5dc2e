"""What every worker does now and then so that a data directory stays small.

In a thread of its own: the worker's loop must beat and record meanwhile. Several workers may do
it at once; whatever one has removed, the others no longer find.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.counting import counted
from headway.errors import StoreError
from headway.job import Status
from headway.store.contract import Store
from headway.store.contract.retention import ALIKE
from headway.worker.copies import Copies
from headway.worker.depot_orphans import DepotOrphans
from headway.worker.orphans import Orphans

DAY: Final = 86_400.0
ROUND_SECONDS: Final = 1.0
LOG_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 10.0
"""After a start, before anything is looked for that a busy start does not need."""
PRUNE_SECONDS: Final = 60.0
CHECKPOINTS_SECONDS: Final = 60.0
TIDY_SECONDS: Final = 600.0
ORPHANS_SECONDS: Final = 600.0
COPIES_SECONDS: Final = 60.0

STEPS_AT_ONCE: Final = 200
"""Steps of pruning in one go: 100,000 jobs looked at. What is left waits for the next round."""

PAUSE_SECONDS: Final = 0.05
"""Between two transactions that remove something: others have work to write."""

AT_ONCE: Final = 500
"""Rows of a kind removed in one transaction."""

KEYS_KEPT: Final = 1 * DAY
TOMBSTONES_KEPT: Final = 180 * DAY

WARN_ABOVE: Final = 64 * 2**20
"""Bytes of the store's log from which on somebody should know."""

log = logging.getLogger("headway.upkeep")


class Upkeep:
    """Removes what is old, bit by bit, until stopped."""

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        *,
        keep: float,
        keep_by_status: Mapping[Status, float] = ALIKE,
        copies: int = 20 * 2**30,
    ) -> None:
        self._retention = store.retention
        self._store = store.upkeep
        self._files = files
        self._orphans = Orphans(files, store.upkeep)
        self._keep = keep
        self._keep_by_status = keep_by_status
        self._pruned_to = 0
        """Where the walk over the jobs goes on."""
        self._forgotten_to = 0
        """The same over those with checkpoints."""
        self._warned = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="headway-upkeep", daemon=True)
        self._duties: tuple[tuple[float, Callable[[], object]], ...] = (
            (LOG_SECONDS, self.shrink_log),
            (PRUNE_SECONDS, self.prune),
            (CHECKPOINTS_SECONDS, self.forget_checkpoints),
            (TIDY_SECONDS, self.tidy),
            (ORPHANS_SECONDS, self._orphans.remove),
            *self._duties_of_depot(copies),
        )
        settled = time.monotonic() + SETTLE_SECONDS
        self._due: dict[Callable[[], object], float] = dict.fromkeys(
            (act for every, act in self._duties if every > SETTLE_SECONDS), settled
        )

    def _duties_of_depot(self, copies: int) -> Iterator[tuple[float, Callable[[], object]]]:
        depot = self._files.depot
        if depot is not None:
            yield ORPHANS_SECONDS, DepotOrphans(depot, self._store).remove
            yield COPIES_SECONDS, Copies(self._files.root, depot, copies).trim

    def start(self) -> None:
        """Begin, a round's time from now."""
        self._thread.start()

    def stop(self) -> None:
        """End after the transaction at hand. Stopping twice is fine."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def shrink_log(self) -> int:
        """Keep the store's log in bounds, and say once when that is not possible; its bytes."""
        size = self._store.shrink_log()
        large = size > WARN_ABOVE
        if large and not self._warned:
            log.warning(
                "the database's log has grown to %d MiB and cannot be emptied: most likely a reader"
                " holds a transaction open, such as a database shell or a backup; end it",
                size // 2**20,
            )
        self._warned = large
        return size

    def prune(self) -> int:
        """Remove jobs whose time is over, and their files, in a bounded number of steps; how many.

        The walk goes on where the last one stopped, in the next round if it did not get through.
        """
        removed = 0
        for _ in range(STEPS_AT_ONCE):
            pruned = self._retention.prune(
                self._keep, by_status=self._keep_by_status, after=self._pruned_to
            )
            for job_id in pruned.jobs:  # if we die here, they are found as orphans
                self._files.drop_job(job_id)
            removed += len(pruned.jobs)
            self._pruned_to = pruned.next or 0
            if pruned.next is None or self._stopping.wait(PAUSE_SECONDS if pruned.jobs else 0.0):
                break
        else:
            self._due[self.prune] = time.monotonic()
        if removed:
            log.info("removed %s, kept for long enough", counted(removed, "job"))
        return removed

    def forget_checkpoints(self) -> int:
        """Remove the files of checkpoints that nobody will go on from, as `prune` does jobs; how many."""
        removed = 0
        for _ in range(STEPS_AT_ONCE):
            forgotten = self._retention.forget_checkpoints(after=self._forgotten_to)
            self._files.drop(forgotten.paths)  # if we die here, they go with their jobs
            removed += len(forgotten.paths)
            self._forgotten_to = forgotten.next or 0
            pause = PAUSE_SECONDS if forgotten.paths else 0.0
            if forgotten.next is None or self._stopping.wait(pause):
                break
        return removed

    def tidy(self) -> int:
        """Remove keys, tombstones and workers that are too old to matter; how many."""
        removed = 0
        while not self._stopping.wait(PAUSE_SECONDS if removed else 0.0):
            count = self._retention.tidy(
                workers=self._keep, keys=KEYS_KEPT, tombstones=TOMBSTONES_KEPT, limit=AT_ONCE
            )
            removed += count
            if count < AT_ONCE:
                break
        return removed

    def _run(self) -> None:
        while not self._stopping.wait(ROUND_SECONDS):
            for every, act in self._duties:
                if time.monotonic() >= self._due.get(act, 0.0):
                    self._due[act] = time.monotonic() + every
                    self._try(act)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except StoreError as error:
            log.warning("could not look after the store, trying again later: %s", error)
        except Exception:  # the other duties remain, and nobody else would do them
            log.exception("could not do a part of the upkeep, trying again later")
