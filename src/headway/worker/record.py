"""What attempts have said since the last commit, and the commit that makes it durable.

All attempts share one transaction. While it runs, what arrives waits in the sockets and goes
into the next one: the busier the worker, the larger the group.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from headway.errors import StoreError
from headway.events import Fact
from headway.job import Json, Status
from headway.store.contract.attempts import Attempts
from headway.store.values.attempts import Claim, Part, Report, Rewind, StoredCheckpoint
from headway.verdict import Verdict

PROGRESS_SECONDS = 0.1
"""Progress alone does not cause more commits than one in this time."""


CALM_SECONDS = 0.005
"""Between two commits of a worker with much at hand: it writes larger groups, not more of them."""


GROUP_BYTES = 32 * 2**20
"""Of results in one transaction: databases have bounds for one value, and all reports are one."""

log = logging.getLogger("headway.worker")


@dataclass(slots=True)
class Pending:
    """What one attempt has said since its last report."""

    parent: str | None = None
    """The job that it is a shard of."""
    progress: float | None = None
    message: str | None = None
    total: int | None = None
    facts: list[Fact] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    checkpoint: StoredCheckpoint | None = None
    resumed_from: Mapping[str, Json] | None = None
    rewind: Rewind | None = None
    verdict: Verdict | None = None

    @property
    def can_wait(self) -> bool:
        """True when nothing but progress was said."""
        return not (self.facts or self.parts or self.checkpoint or self.verdict)


class Recorder:
    """Gathers what attempts say, and writes it in groups. A report that the store refuses ends its
    own attempt as failed, and keeps no other from being written.

    `on_saved` hears of each checkpoint that became durable, `on_lost` of each attempt whose claim
    is no longer ours: nothing of what it said was written.
    """

    def __init__(
        self,
        attempts: Attempts,
        on_saved: Callable[[int, int], None],
        on_lost: Callable[[int, int], None],
    ) -> None:
        self._attempts = attempts
        self._on_saved = on_saved
        self._on_lost = on_lost
        self._pending: dict[tuple[int, int], Pending] = {}
        self._written_at = 0.0

    def of(self, claim: Claim) -> Pending:
        """What this claim's attempt has said since its last report, to be added to."""
        key = (claim.job.seq, claim.token)
        found = self._pending.get(key)
        if found is None:
            found = self._pending[key] = Pending(claim.job.parent)
        return found

    def due_in(self, *, crowded: bool = False) -> float | None:
        """Seconds until `write` has something to do; None when nothing was said.

        With a `crowded` worker a commit waits a moment for what others are about to say.
        """
        if not self._pending:
            return None
        if any(one.checkpoint for one in self._pending.values()):
            return 0.0  # an attempt stands still until it is durable
        calm = all(one.can_wait for one in self._pending.values())
        wait = PROGRESS_SECONDS if calm else CALM_SECONDS if crowded else 0.0
        return max(0.0, self._written_at + wait - time.monotonic())

    def write(self, *, crowded: bool = False) -> frozenset[str]:
        """Commit what was said, and tell what came of it; who must hear of it, if it was due.

        Raise `StoreUnavailable` with everything kept for the next try; after an
        `OutcomeUnknown` that the next write does not undo there must be none.
        """
        if self.due_in(crowded=crowded) != 0.0:
            return frozenset()
        topics: frozenset[str] = frozenset()
        for group in _groups([_report(key, one) for key, one in self._pending.items()]):
            topics |= self._commit(group)
        return topics

    def _commit(self, group: Sequence[Report]) -> frozenset[str]:
        try:
            held = self._attempts.record(group)
        except (StoreError, MemoryError):  # whatever was reported, it is not to blame
            raise
        except Exception as error:  # noqa: BLE001 - an outcome: of the attempt that reported it
            if len(group) == 1:
                return self._refuse(group[0], error)
            log.warning("a group of %d reports was refused, each is written alone", len(group))
            return frozenset().union(*(self._commit([one]) for one in group))
        self._written(group)
        for report in group:
            if (report.seq, report.token) not in held:
                self._on_lost(report.seq, report.token)
            elif report.checkpoint is not None:
                self._on_saved(report.seq, report.token)
        return _topics(group)

    def _refuse(self, report: Report, error: Exception) -> frozenset[str]:
        """End the attempt: what it says next would have a gap before it."""
        log.error("what an attempt of job %d reported was refused", report.seq, exc_info=error)
        reason = f"what it reported cannot be kept: {str(error)[:500] or type(error).__name__}"
        verdict = Verdict(status=Status.FAILED, reason="failed", error=reason, failures=1)
        failed = Report(seq=report.seq, token=report.token, parent=report.parent, verdict=verdict)
        self._attempts.record([failed])
        self._written([failed])
        self._on_lost(report.seq, report.token)
        return _topics([failed])

    def _written(self, group: Sequence[Report]) -> None:
        for report in group:
            self._pending.pop((report.seq, report.token), None)
        self._written_at = time.monotonic()

    def drop(self) -> None:
        """Drop all that was said: some of it may be written already, and nobody knows what."""
        self._pending.clear()

    def forget(self, seq: int, token: int) -> None:
        """Drop what a lost attempt said."""
        self._pending.pop((seq, token), None)


def _groups(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """The reports in order, with at most `GROUP_BYTES` of results in each group but for one alone."""
    group: list[Report] = []
    size = 0
    for report in reports:
        more = _size(report)
        if group and size + more > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(report)
        size += more
    yield group


def _size(report: Report) -> int:
    result = None if report.verdict is None else report.verdict.result
    return 0 if result is None else len(orjson.dumps(result))


def _topics(reports: Sequence[Report]) -> frozenset[str]:
    """Everybody hears the news; with the end of a shard there may be a merge to do, or siblings
    to end, and after a split there are shards."""
    verdicts = [
        one.verdict for one in reports if one.verdict is not None and one.parent is not None
    ]
    work = bool(verdicts) or any(one.verdict is not None and one.verdict.shards for one in reports)
    cancel = any(one.status is Status.FAILED for one in verdicts)
    return frozenset({"news"} | ({"work"} if work else set()) | ({"cancel"} if cancel else set()))


def _report(key: tuple[int, int], one: Pending) -> Report:
    return Report(
        seq=key[0],
        token=key[1],
        parent=one.parent,
        progress=one.progress,
        message=one.message,
        total=one.total,
        facts=one.facts,
        parts=one.parts,
        checkpoint=one.checkpoint,
        resumed_from=one.resumed_from,
        rewind=one.rewind,
        verdict=one.verdict,
    )


def parts_of(body: Mapping[str, Any]) -> Sequence[Part]:
    """The part files named in a message."""
    return [Part(**one) for one in body["parts"]]
