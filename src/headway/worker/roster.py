"""The attempts under way: what their children say goes to the recorder, and what others decide to them."""

import logging
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.events.log import logged
from headway.job import Status
from headway.registry import Registry
from headway.store.contract.attempts import Attempts
from headway.store.values.attempts import Claim
from headway.verdict import Outcome, Verdict, decide
from headway.worker.attempt import Attempt, Ending, ended_attempt
from headway.worker.lanes import Lanes
from headway.worker.process import Child, Exit
from headway.worker.protocol import LAST_WORDS
from headway.worker.record import Recorder
from headway.worker.starter import ref_of
from headway.worker.tracing import Tracing

CROWD: Final = 4
"""Attempts under way beyond which latency gives way to larger groups."""

log = logging.getLogger("headway.worker")


class Roster:
    """Every attempt from its start until its verdict is in the recorder's hands, or it was lost."""

    def __init__(
        self,
        attempts: Attempts,
        registry: Registry,
        files: ArtifactFiles,
        lanes: Lanes,
        tracing: Tracing,
    ) -> None:
        self.recorder = Recorder(attempts, self._on_saved, self._on_lost)
        self._registry = registry
        self._files = files
        self._lanes = lanes
        self._tracing = tracing
        self._attempts: dict[str, Attempt] = {}
        self._exiting: set[str] = set()
        self._freed = False
        self.went_back = 0
        """How many have ended with their job pending again."""

    def __len__(self) -> int:
        return len(self._attempts)

    def __iter__(self) -> Iterator[Attempt]:
        """Those there are now, whatever becomes of them meanwhile."""
        return iter(list(self._attempts.values()))

    @property
    def exiting(self) -> int:
        """Children that still take a place, though their attempt has ended."""
        return len(self._exiting)

    def freed(self) -> bool:
        """Whether there is more room than when somebody asked last."""
        freed, self._freed = self._freed, False
        return freed

    @property
    def crowded(self) -> bool:
        """True when other attempts are under way: what comes next can share their commits."""
        return len(self._attempts) > CROWD

    def add(self, attempts: Iterable[Attempt]) -> None:
        """These have begun."""
        self._attempts.update((one.ref, one) for one in attempts)

    def add_unstarted(self, claim: Claim, outcome: Outcome) -> None:
        """An attempt that could not begin, and why."""
        verdict = decide(outcome, claim.job, self._registry.get(claim.job.operation).backoff)
        self.recorder.of(claim).verdict = verdict
        logged(ended_attempt(claim, verdict))

    def hear(self, child: Child) -> None:
        """Take in what a child has said."""
        for message in child.receive():
            attempt = self._attempts.get(message[1])
            if attempt is None or attempt.ending is Ending.LOST:
                if attempt is not None and message[0] in LAST_WORDS:
                    self._forget(attempt)
                continue
            verdict = attempt.take(message, self.recorder.of(attempt.claim))
            if verdict is not None:
                self._conclude(attempt, verdict)

    def on_exit(self, child: Child, exit: Exit) -> None:
        """A child has ended: with its last word said, or without."""
        self.hear(child)
        while not child.silent:
            self.hear(child)
        self._lanes.drop(child)
        orphans = self._of(child)
        for attempt in orphans:
            self._files.drop_scratch(attempt.claim.job.id, attempt.claim.token)
            self._end(attempt, attempt.gone(exit, siblings=len(orphans) - 1))
        self._exiting.discard(child.id)
        self._freed = True

    def on_refused(self, child: Child, error: str, traceback: str) -> None:
        """A child was not forked: its operation cannot be loaded."""
        for attempt in self._of(child):
            self._end(attempt, attempt.refused(error, traceback))
        self._exiting.discard(child.id)

    def enforce(self, now: float, listened: float) -> None:
        """End what must end; all that was said before `listened` has been heard."""
        for attempt in self:
            attempt.enforce(now, listened)

    def give_up(self) -> None:
        """End all attempts without another word: their jobs are given to others, or will be."""
        for attempt in self:
            attempt.end(Ending.LOST)

    def keep(self, held: Collection[tuple[int, int]]) -> None:
        """End those whose claims are no longer ours."""
        for attempt in self:
            if attempt.key not in held:
                attempt.end(Ending.LOST)

    @property
    def being_killed(self) -> bool:
        """Whether a child has not been told to end in every way yet."""
        return any(one.signals for one in self._attempts.values())

    def _of(self, child: Child) -> list[Attempt]:
        return [one for one in self._attempts.values() if one.child is child]

    def _end(self, attempt: Attempt, verdict: Verdict | None) -> None:
        if verdict is None:
            self._forget(attempt)
        else:
            self._conclude(attempt, verdict)

    def _conclude(self, attempt: Attempt, verdict: Verdict) -> None:
        self.recorder.of(attempt.claim).verdict = verdict
        if verdict.reason != "completed" or log.isEnabledFor(logging.DEBUG):
            logged(ended_attempt(attempt.claim, verdict))
        self._tracing.ended(attempt, verdict)
        self.went_back += verdict.status is Status.PENDING
        if verdict.status.finished:  # one of them may have stood still, and written since
            self._files.drop_earlier_scratch(attempt.claim.job.id, attempt.claim.token)
        self._forget(attempt)

    def _forget(self, attempt: Attempt) -> None:
        del self._attempts[attempt.ref]
        self._tracing.ended(attempt, None)
        if attempt.ending is Ending.LOST:
            self.recorder.forget(*attempt.key)
        if not attempt.shared:
            self._exiting.add(attempt.child.id)
        elif not self._lanes.is_main(attempt.child):
            self._retire(attempt.child)
        self._freed = True

    def _retire(self, child: Child) -> None:
        """End a child for suspects when the last of them has ended."""
        if not self._of(child):
            self._lanes.drop(child)
            child.close()

    def _on_saved(self, seq: int, token: int) -> None:
        if (attempt := self._attempts.get(ref_of(seq, token))) is not None:
            attempt.saved()

    def _on_lost(self, seq: int, token: int) -> None:
        if (attempt := self._attempts.get(ref_of(seq, token))) is not None:
            attempt.end(Ending.LOST)
