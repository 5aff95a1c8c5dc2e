"""What the store promises to whoever keeps it in order."""

from collections.abc import Collection
from typing import Protocol


class Upkeep(Protocol):
    """What a store needs done now and then, and what must be known before files are removed."""

    def shrink_log(self) -> int:
        """Empty the store's log if it has grown large and no reader needs it; its bytes now."""

    def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Those of these ids that are of jobs."""

    def unfinished_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Those of these ids that are of jobs which wait or run."""

    def known_files(self, paths: Collection[str]) -> set[str]:
        """Those of these paths at which an artefact is."""

    def busy_since(self) -> float | None:
        """When the oldest of the running attempts began; None when nothing runs."""
