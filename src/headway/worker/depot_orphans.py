"""Objects in the depot that nobody will ever ask for. See `orphans`, which does it for files.

No name in a depot is given twice, so what was looked at cannot be replaced before it is removed.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from headway.artifacts import Depot, Stored
from headway.counting import counted
from headway.store.contract.upkeep import Upkeep
from headway.worker.orphans import AT_ONCE, CONTENTS, GRACE_SECONDS

SKEW_SECONDS: Final = 60.0
"""The depot's clock and the database's may differ by so much."""

log = logging.getLogger("headway.upkeep")


class DepotOrphans:
    """Removes them, a piece of the depot with each pass."""

    def __init__(
        self,
        depot: Depot,
        upkeep: Upkeep,
        *,
        grace: float = GRACE_SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        self._depot = depot
        self._upkeep = upkeep
        self._grace = grace
        self._at_once = at_once
        self._walk = self._all()

    def remove(self) -> int:
        """Look at the next piece, and remove the orphans in it; how many."""
        piece = list(islice(self._walk, self._at_once))
        if len(piece) < self._at_once:  # the end: begin anew, with the next pass
            self._walk = self._all()
        before = time.time() - self._grace
        old = [one for one in piece if one.changed_at <= before]
        orphans = self._ownerless(old) + self._nameless(old)
        if orphans:
            self._depot.delete([one.name for one in orphans])
            log.info("removed %s that belonged to nothing", counted(len(orphans), "object"))
        return len(orphans)

    def _all(self) -> Iterator[Stored]:
        for folder in (*CONTENTS, "jobs"):
            yield from self._depot.below(f"{folder}/")

    def _ownerless(self, found: Sequence[Stored]) -> list[Stored]:
        """What attempts of jobs have written that are no more."""
        jobs = {one: _job_of(one) for one in found if one.name.startswith("jobs/")}
        known = self._upkeep.known_jobs(set(jobs.values()))
        return [one for one, job in jobs.items() if job not in known]

    def _nameless(self, found: Sequence[Stored]) -> list[Stored]:
        """Published objects that no artefact is, and no running attempt will make one."""
        contents = [one for one in found if not one.name.startswith("jobs/")]
        if not contents:
            return []
        since = self._upkeep.busy_since()
        old = [one for one in contents if since is None or one.changed_at < since - SKEW_SECONDS]
        known = self._upkeep.known_files([one.name for one in old])
        return [one for one in old if one.name not in known]


def _job_of(one: Stored) -> str:
    return one.name.split("/")[1]
