"""One running attempt as the worker's parent sees it: its clock, its end, its outcome."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from headway.events import LogLine, MetricRecorded
from headway.events.doings import AttemptEnded
from headway.operation import Operation
from headway.store.values.attempts import Claim, Rewind, StoredCheckpoint
from headway.verdict import (
    Completed,
    Crashed,
    Failed,
    Outcome,
    Publication,
    Split,
    Stopped,
    Usage,
    Verdict,
    decide,
)
from headway.worker.clock import Clock
from headway.worker.memory import MemoryWatch, out_of_memory
from headway.worker.process import Child, Exit
from headway.worker.protocol import (
    CANCEL,
    CHECKPOINT,
    DONE,
    FAILED,
    LAST_WORDS,
    LOG,
    METRIC,
    PROGRESS,
    RESUMED,
    SAVED,
    SPLIT,
    STOP,
    TOTAL,
    Message,
)
from headway.worker.record import Pending, parts_of

TERM_AFTER: Final = 0.5
"""Seconds between asking a child to end and SIGTERM."""
KILL_AFTER: Final = 1.5
"""Seconds between asking a child to end and SIGKILL."""


class Ending(StrEnum):
    """Why the worker is ending an attempt."""

    LOST = "lost"
    """Cancelled, or somebody else's by now: nothing more is written about it."""
    TIMEOUT = "timeout"
    STALLED = "stalled"
    MEMORY = "memory"
    STOPPING = "stopping"


@dataclass(slots=True, eq=False)
class Attempt:
    """A claim and the child that works on it."""

    claim: Claim
    operation: Operation
    child: Child
    shared: bool
    """True when the child runs other attempts too."""
    ref: str
    memory: MemoryWatch | None = None
    """None for an attempt without a limit."""
    ending: Ending | None = None
    advanced: bool = False
    """Whether it saved a checkpoint: what crashed or was interrupted before is forgiven then."""
    signals: list[tuple[float, signal.Signals]] = field(default_factory=list)
    """When which signal is due, soonest first."""
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.claim.job.timeout, self.operation.stall_timeout)

    @property
    def key(self) -> tuple[int, int]:
        """What its reports are fenced by."""
        return self.claim.job.seq, self.claim.token

    def end(self, why: Ending) -> None:
        """Ask the child to end at once, and see to it that it does."""
        if self.ending is Ending.LOST or (self.ending and why is Ending.STOPPING):
            return  # being ended already; a timeout remains one when the worker is stopped
        asked, self.ending = self.ending, why
        if asked is not None and self.signals:
            return
        now = time.monotonic()
        if why is Ending.MEMORY:  # while it was asked, it would take still more
            self.signals = [(now, signal.SIGKILL)]
            return
        self.child.send([[CANCEL, self.ref]])
        self.signals = [(now + TERM_AFTER, signal.SIGTERM), (now + KILL_AFTER, signal.SIGKILL)]
        if self.shared:  # others work there: only the last resort reaches them
            del self.signals[0]

    def ask_to_stop(self) -> None:
        """Ask the child to end at its next checkpoint."""
        if self.ending is None:
            self.child.send([[STOP, self.ref]])

    def saved(self) -> None:
        """Tell the child that its checkpoint is durable."""
        self.clock.saving = False
        self.clock.hear()
        self.child.send([[SAVED, self.ref]])

    def enforce(self, now: float, listened: float) -> None:
        """Do what is due: end what is past a limit, send the signals whose time has come.

        All that was said before `listened` has been taken in. What was said since may still lie
        in the socket, when the store has kept the worker waiting: nobody stalls for that, and no
        child that others share is killed.
        """
        if self.ending is None and self.child.pid is not None:
            self.clock.start(now)
            if (limit := self._limit_passed(self.child.pid, now, listened)) is not None:
                self.end(limit)
        # Its siblings must not die for an answer that we have not read yet.
        heard = listened if self.shared else now
        while self.signals and heard >= self.signals[0][0]:
            self.child.kill(self.signals.pop(0)[1])

    def next_duty(self) -> float | None:
        """When `enforce` has something to do."""
        if self.signals:
            return self.signals[0][0]
        return self.clock.due() if self.ending is None else None

    def take(self, message: Message, pending: Pending) -> Verdict | None:
        """Take in what the child said; the verdict if that was its last word."""
        self.clock.hear()
        kind, body = message[0], message[2:]
        if kind == PROGRESS:
            pending.progress, pending.message = body[0], body[1] or pending.message
        elif kind == TOTAL:
            pending.total = body[0]
        elif kind == METRIC:
            pending.facts.append(MetricRecorded(body[0], body[1]))
        elif kind == LOG:
            pending.facts.append(LogLine(body[0], body[1]))
        elif kind == RESUMED:
            self._take_resumed(body[0], Rewind(body[1], body[2]), pending)
        elif kind == CHECKPOINT:
            self._take_checkpoint(body[0], pending)
        elif kind in LAST_WORDS:
            return self._last_word(kind, body, pending)
        return None

    def gone(self, exit: Exit, siblings: int) -> Verdict | None:
        """The verdict on a child that ended without a last word."""
        usage = Usage(peak_memory=exit.peak_memory, cpu_seconds=exit.cpu_seconds)
        self._see_overrun()
        if self.ending is None and exit.by_itself and siblings == 0:
            return self._decide(Crashed(exit.reason), usage)
        return self._decide(self._ended_by_us(usage) or Stopped(exit.reason), usage)

    def refused(self, error: str, traceback: str) -> Verdict | None:
        """The verdict on an attempt whose operation cannot be loaded."""
        return self._decide(Failed(f"the operation {error}", True, traceback), Usage())

    def _limit_passed(self, pid: int, now: float, listened: float) -> Ending | None:
        if self.clock.timed_out(now):
            return Ending.TIMEOUT
        if self.clock.stalled(listened):
            return Ending.STALLED
        if self.memory is not None and self.memory.passed(pid, now):
            return Ending.MEMORY
        return None

    def _take_resumed(self, shown: dict[str, Any], start: Rewind, pending: Pending) -> None:
        pending.resumed_from = shown
        if start.checkpoint != self.claim.checkpoints[0].number:
            pending.rewind = start

    def _take_checkpoint(self, body: dict[str, Any], pending: Pending) -> None:
        self.advanced = self.clock.saving = True
        pending.parts += parts_of(body)
        pending.checkpoint = StoredCheckpoint(
            number=body["number"],
            state=body["state"],
            attempt_token=self.claim.token,
            items=body["items"],
            path=body.get("path"),
            sha256=body.get("sha256"),
        )

    def _last_word(self, kind: str, body: Sequence[Any], pending: Pending) -> Verdict | None:
        told = body[0] if body else {}
        usage = Usage(peak_memory=told.get("peak_memory"), cpu_seconds=told.get("cpu_seconds"))
        if kind == DONE and self.ending not in (Ending.TIMEOUT, Ending.STALLED):
            pending.parts += parts_of(told)
            made = [Publication(**one) for one in told["publications"]]
            return self._decide(Completed(told["result"], made), usage)
        if kind == SPLIT and self.ending is None:
            return self._decide(Split(told["inputs"]), usage)
        self._see_overrun()
        if kind == FAILED and self.ending is None:
            error = Failed(told["error"], told["retryable"], told["traceback"], told["result"])
            return self._decide(error, usage)
        return self._decide(self._ended_by_us(usage) or Stopped("the worker was stopped"), usage)

    def _see_overrun(self) -> None:
        """Memory is the reason also when the kernel was the one to act, on all of it or a part."""
        if self.ending is None and self.memory is not None and self.memory.overrun():
            self.ending = Ending.MEMORY

    def _ended_by_us(self, usage: Usage) -> Outcome | None:
        if self.ending is Ending.TIMEOUT:
            return Failed(f"timed out: it took longer than {self.claim.job.timeout:g} s")
        if self.ending is Ending.STALLED:
            return Failed(f"stalled: it said nothing for {self.operation.stall_timeout:g} s")
        if self.ending is Ending.MEMORY and self.memory is not None:
            peak = max(self.memory.peak, usage.peak_memory or 0)
            return Crashed(out_of_memory(self.memory.limit, peak))
        if self.ending is Ending.STOPPING:
            return Stopped("the worker was stopped")
        return None

    def _decide(self, outcome: Outcome, usage: Usage) -> Verdict | None:
        if self.ending is Ending.LOST:
            return None
        job = self.claim.job
        if self.advanced:  # the store counts anew from its checkpoint; so must we
            job = replace(job, crashes_in_a_row=0, interruptions_in_a_row=0)
        return decide(outcome, job, self.operation.backoff, usage)


def ended_attempt(claim: Claim, verdict: Verdict) -> AttemptEnded:
    """The fact that this claim's attempt has come to this verdict."""
    job = claim.job
    return AttemptEnded(
        job.id,
        job.operation,
        job.owner,
        claim.token,
        verdict.reason,
        verdict.status,
        verdict.error,
    )
