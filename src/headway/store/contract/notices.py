"""What the store promises about telling of the end of jobs."""

from collections.abc import Sequence
from typing import Protocol

from headway.notices import Target
from headway.store.values.notices import Delivery, NoticeSettings


class Notices(Protocol):
    """Whom to tell of the end of jobs, and what came of telling them.

    A job that ends has a delivery, a job of its own, for each of its targets from that moment on:
    both are one transaction.
    """

    def settings(self, owner: str, secret: str) -> NoticeSettings:
        """A user's own settings; `secret` becomes theirs if they have none yet."""

    def choose(self, owner: str, targets: Sequence[Target]) -> None:
        """Tell these of every job that does not say whom to tell."""

    def change_secret(self, owner: str, secret: str) -> None:
        """Sign with another secret from now on; for a day with the former one too."""

    def deliveries(self, job_id: str) -> list[Delivery]:
        """What was sent, or is to be sent, about a job; in the order it came to be."""

    def replay(self, delivery_id: str) -> str:
        """Send once more what a delivery sends, as the same message; the new delivery's id."""
