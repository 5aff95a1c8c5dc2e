"""The user's newest jobs, kept up to date by the stream of all of them."""

import itertools
from collections.abc import Callable, Collection
from contextlib import suppress

from headway.client import Client, JobsEvent
from headway.client.errors import Gone, NotFound
from headway.job import Status
from headway.wire.jobs import JobView

_MOVING = ("progress", "message", "waiting_for", "attempt")
"""What an event of progress says that a list shows."""


class Watched:
    """The newest jobs of a choice, as far as they are known."""

    def __init__(
        self, client: Client, statuses: Collection[str], job_type: str | None, limit: int
    ) -> None:
        self._client = client
        self._statuses = statuses
        self._job_type = job_type
        self._limit = limit
        self._jobs: dict[str, JobView] = {}

    def newest(self) -> list[JobView]:
        """Those of the choice, newest first."""
        fitting = [one for one in self._jobs.values() if self._fits(one)]
        return sorted(fitting, key=lambda one: one.created_at, reverse=True)[: self._limit]

    def follow(self, show: Callable[[list[JobView]], None]) -> None:
        """Show them at once and whenever one of them is not as it was, until somebody interrupts."""
        shown: list[JobView] | None = None
        is_listed = False
        for event in self._client.watch():
            if event.name == "ready":
                self._list()
                is_listed = True
            elif is_listed:
                self._take(event)
            if is_listed and self.newest() != shown:
                shown = self.newest()
                show(shown)

    def _list(self) -> None:
        """What the list says counts: events of a while ago may have been missed."""
        found = self._client.jobs(*self._statuses, job_type=self._job_type)
        self._jobs = {one.job_id: one for one in itertools.islice(found, self._limit)}

    def _take(self, event: JobsEvent) -> None:
        """Progress goes into the job as it is known; all else asks for the job as it is now."""
        job_id = event.data.get("job_id", "")
        known = self._jobs.get(job_id)
        if known is not None and event.name == "progress":
            if not known.status.finished:  # what was said before the end may come after it
                moved = {name: event.data[name] for name in _MOVING if name in event.data}
                self._jobs[job_id] = known.model_copy(update=moved)
        elif event.name in ("update", "complete") and self._is_news(known, event):
            self._jobs.pop(job_id, None)
            with suppress(NotFound, Gone):
                self._keep(self._client.job(job_id).now())

    def _is_news(self, known: JobView | None, event: JobsEvent) -> bool:
        return known is None or known.status != Status(event.data["status"])

    def _keep(self, job: JobView) -> None:
        """Forget the oldest when there are more than can ever be shown."""
        self._jobs[job.job_id] = job
        if len(self._jobs) > 2 * self._limit:
            newest = {one.job_id for one in self.newest()}
            self._jobs = {id: one for id, one in self._jobs.items() if id in newest}

    def _fits(self, job: JobView) -> bool:
        is_wanted = not self._statuses or str(job.status) in self._statuses
        return is_wanted and self._job_type in (None, job.job_type)
