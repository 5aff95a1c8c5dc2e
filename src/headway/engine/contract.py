"""What every engine promises: it brings workers to jobs, and knows nothing else about them."""

from collections.abc import Collection
from typing import Protocol


class Engine(Protocol):
    """Makes workers look for work. It may forget or repeat itself: that costs latency only."""

    def start(self) -> None:
        """Begin to run what workers this engine runs by itself. Starting twice is fine."""

    def offer(self, operations: Collection[str]) -> None:
        """Say that there is new work of these operations. Never fails, never blocks."""

    def drain(self) -> None:
        """Tell the workers this engine runs to stop, and do not wait for them."""

    def stop(self) -> None:
        """End the workers this engine runs; their jobs go on elsewhere. Stopping twice is fine."""
