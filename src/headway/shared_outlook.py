"""How long jobs may still take, told from one look at the store for all who ask within a second."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic
from typing import Final

from headway.estimate import Estimate
from headway.job import Job
from headway.store.values.outlook import Outlook

FRESH_SECONDS: Final = 1.0
"""For so long a look is good for everybody."""
STALE_SECONDS: Final = 5.0
"""For so long it is good for those who ask while another looks anew."""


@dataclass(frozen=True, slots=True)
class _Look:
    outlook: Outlook
    began: float

    @property
    def age(self) -> float:
        return monotonic() - self.began

    def covers(self, jobs: Collection[Job]) -> bool:
        return all(self.outlook.covers(job) for job in jobs)


class SharedOutlook:
    """Estimates of any jobs, for one look at the store a second, however many ask.

    A job that has become due since the last look is a reason for another, so that each is told its
    place at once. Whoever asks while another looks is told by the look before.
    """

    def __init__(self, look: Callable[[], Outlook]) -> None:
        self._look = look
        self._last: _Look | None = None
        self._forgotten = 0
        self._keeping = threading.Lock()
        self._looking = threading.Lock()

    def estimates(self, jobs: Collection[Job]) -> dict[str, Estimate]:
        """How long these jobs may still take, by id; nothing of those of which nothing is known."""
        if not jobs:
            return {}
        look = self._recent(jobs)
        now = look.outlook.at + look.age
        told = ((job.id, look.outlook.of(job, now)) for job in jobs)
        return {job_id: estimate for job_id, estimate in told if estimate is not None}

    def forget(self) -> None:
        """Let whoever asks next look anew: something was done that he must not miss."""
        with self._keeping:
            self._last = None
            self._forgotten += 1

    def _recent(self, jobs: Collection[Job]) -> _Look:
        last = self._last
        if last is None or last.age > STALE_SECONDS or not last.covers(jobs):
            return self._new()
        if last.age > FRESH_SECONDS and self._looking.acquire(blocking=False):
            try:
                return self._new()
            finally:
                self._looking.release()
        return last

    def _new(self) -> _Look:
        forgotten, began = self._forgotten, monotonic()
        look = _Look(self._look(), began)
        with self._keeping:
            newest = self._last is None or self._last.began < began
            if newest and self._forgotten == forgotten:
                self._last = look
        return look
