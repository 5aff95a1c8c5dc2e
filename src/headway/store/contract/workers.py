"""What the store promises about the lives of workers."""

from collections.abc import Collection
from typing import Protocol

from headway.store.values.workers import WorkerInfo


class Workers(Protocol):
    """Who is alive."""

    def join(self, worker: WorkerInfo, lease: float) -> None:
        """Begin this worker's lease of `lease` seconds.

        A worker with a `place` is the proof that those before it in this place are dead: their
        jobs are due again at once.
        """

    def beat(self, worker: str, lease: float) -> bool:
        """Extend the lease; False when it had lapsed and its jobs may be somebody else's."""

    def leave(self, worker: str) -> None:
        """End the lease; jobs the worker still held are due again at once."""

    def expired(self) -> set[str]:
        """Workers whose lease has ended and who still hold jobs or never left."""

    def reap(self, workers: Collection[str], limit: int) -> int:
        """Give up to `limit` jobs of those still expired back to the queue; the number given."""

    def alive(self) -> list[WorkerInfo]:
        """Workers whose lease holds."""
