"""What time it is, and how to let some pass: the one thing of the retries that tests replace."""

import asyncio
import time


class Clock:
    """The system's clock."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; for durations."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch; for dates that others name."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        time.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """The same, without holding the loop."""
        await asyncio.sleep(seconds)


SYSTEM = Clock()
