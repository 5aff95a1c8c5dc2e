"""What the store promises about the history of jobs."""

from collections.abc import Collection, Mapping
from typing import Protocol

from headway.events import Event, Stretch


class Events(Protocol):
    """What happened, in order."""

    def after(self, position: int, *, owner: str | None = None, limit: int = 1000) -> list[Event]:
        """Events past this position, in commit order."""

    def of_job(
        self, job_id: str, *, after: int = 0, kinds: Collection[str] = (), limit: int = 1000
    ) -> list[Event]:
        """The job's events whose number is past `after`."""

    def of_jobs(self, past: Mapping[str, int]) -> list[Event]:
        """What these jobs' events are past the number each is named with: job by job, in order."""

    def of_owners(self, owners: Collection[str], position: int, *, scan: int = 1000) -> Stretch:
        """These owners' events among the next `scan` of all past this position."""

    def last_position(self) -> int:
        """The newest position; 0 when nothing has happened."""
