"""The wake-up between processes."""

from typing import Protocol


class Waiter(Protocol):
    """Hears the bell. One thread waits, any may close."""

    def fileno(self) -> int:
        """A descriptor that can be read when it rang, for those who wait for many things."""

    def wait(self, timeout: float) -> bool:
        """Return at a ring, True, or after `timeout` seconds, False. Rings add up to one."""

    def wake(self) -> None:
        """Make `wait` return; safe from any thread and from a signal handler."""

    def close(self) -> None:
        """Stop hearing. Closing twice is fine."""


class Bell(Protocol):
    """The wake-up between processes. A lost ring costs latency, never a job."""

    def ring(self, topic: str) -> None:
        """Wake everybody who listens for `work`, `cancel` or `news`."""

    def listen(self, topic: str) -> Waiter:
        """Begin to hear rings for this topic."""

    def close(self) -> None:
        """Ring no more. Closing twice is fine."""
