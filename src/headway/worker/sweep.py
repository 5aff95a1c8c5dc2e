"""What every worker does for the others: it notices the dead, and gives their jobs back."""

from typing import Final

from headway.store.contract.workers import Workers

AT_ONCE: Final = 500
"""Jobs given back in one transaction."""


class Sweep:
    """Reaps workers that two sweeps in a row found expired.

    One finding is not enough: the store may have been locked for everybody, and then all leases
    end together though nobody died.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._suspects: set[str] = set()

    def run(self) -> int:
        """Sweep once, right after a beat that succeeded; the number of jobs given back."""
        expired = self._workers.expired()
        dead, self._suspects = expired & self._suspects, expired
        return self._workers.reap(dead, AT_ONCE) if dead else 0
