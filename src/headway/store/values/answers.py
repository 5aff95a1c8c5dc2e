"""What a request was answered, for when it comes again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given, but for what nobody may keep."""

    status: int
    body: str | None
    """None where it held a secret, which is shown once."""
