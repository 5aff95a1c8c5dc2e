"""What the store promises about operations that are paused."""

from collections.abc import Mapping
from typing import Protocol


class Pauses(Protocol):
    """Operations of which nothing is claimed for a while. Their jobs wait; what runs goes on."""

    def pause(self, operation: str) -> bool:
        """Claim nothing of the operation from now on; False if it was paused already."""

    def resume(self, operation: str) -> bool:
        """Claim its jobs again; False if it was not paused."""

    def all(self) -> Mapping[str, float]:
        """The paused operations, and since when each is."""
