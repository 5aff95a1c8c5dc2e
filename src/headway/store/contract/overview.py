"""What the store promises to whoever watches over all jobs."""

from collections.abc import Collection
from typing import Protocol

from headway.store.values.meters import Depth, Ended, Meters
from headway.store.values.outlook import Outlook
from headway.store.values.workers import WorkerLoad


class Overview(Protocol):
    """What goes on as a whole, told at a bounded cost however many jobs there are."""

    def outlook(self, shared: Collection[str]) -> Outlook:
        """What is known now of how long any job may still take; it reads up to 1,000 waiting jobs
        of each operation, and all that run.

        `shared` names the operations that run many at a time in one process.
        """

    def workers(self) -> list[WorkerLoad]:
        """The workers whose lease holds, and the jobs each of them runs."""

    def depth(self) -> list[Depth]:
        """How many jobs of each operation wait or run; operations without any are left out."""

    def meters(self) -> Meters:
        """What the store knows of itself and of all jobs, for whoever watches over it."""

    def ended(self) -> list[Ended]:
        """How jobs ended in each minute of the last hour, oldest first."""
