"""What the store promises to workers about their attempts."""

from collections.abc import Sequence
from typing import Protocol

from headway.limits import UNLIMITED, Limits
from headway.store.values.attempts import Claim, Report, Want


class Attempts(Protocol):
    """Jobs as workers see them."""

    def claim(self, worker: str, wants: Sequence[Want], limits: Limits = UNLIMITED) -> list[Claim]:
        """Hand out due jobs, most urgent first; each belongs to one worker until its lease ends.

        A worker whose own lease has lapsed gets none. Nothing of a paused operation is handed
        out, and nothing that would pass a limit.
        """

    def record(self, reports: Sequence[Report]) -> set[tuple[int, int]]:
        """Write the reports whose claims still hold; answer those (seq, token).

        A report whose claim was lost changes nothing at all. Each attempt has one report at most.
        A shard's report names its parent, whose counts and progress are the sums over its shards.
        With the last of them its merge is due; one that failed for good fails it.
        """

    def held(self, worker: str) -> set[tuple[int, int]]:
        """The (seq, token) of the jobs this worker is running as far as the store knows."""

    def next_due_in(self) -> float | None:
        """Seconds until the next delayed job is due; None when there is none."""
