"""How a context speaks to whoever runs it."""

from typing import Any, Protocol


class Line(Protocol):
    """Where a context sends its messages."""

    def send(self, *message: Any) -> None:
        """Send a message, together with those kept back."""

    def later(self, *message: Any) -> None:
        """Keep a message back until the next one is sent."""
