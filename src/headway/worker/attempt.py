"""One running attempt as the worker's parent sees it: its clock, its end, its outcome."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from headway.events import LogLine, MetricRecorded
from headway.job import (
    Completed,
    Crashed,
    Failed,
    Outcome,
    Publication,
    Stopped,
    Usage,
    Verdict,
    decide,
)
from headway.operation import Operation
from headway.store.contract import Claim, StoredCheckpoint
from headway.worker.pool import Child, Exit
from headway.worker.protocol import (
    CANCEL,
    CHECKPOINT,
    DONE,
    FAILED,
    LOG,
    METRIC,
    PROGRESS,
    RESUMED,
    STOP,
    STOPPED,
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
    deadline: float | None = None
    """When it times out. The time for its module's import is not counted."""
    ending: Ending | None = None
    advanced: bool = False
    """Whether it saved a checkpoint: what crashed or was interrupted before is forgiven then."""
    signals: list[tuple[float, signal.Signals]] = field(default_factory=list)
    """When which signal is due, soonest first."""

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
        self.child.send([[CANCEL, self.ref]])
        self.signals = [(now + TERM_AFTER, signal.SIGTERM), (now + KILL_AFTER, signal.SIGKILL)]
        if self.shared:  # others work there: only the last resort reaches them
            del self.signals[0]

    def ask_to_stop(self) -> None:
        """Ask the child to end at its next checkpoint."""
        if self.ending is None:
            self.child.send([[STOP, self.ref]])

    def enforce(self, now: float) -> None:
        """Do what is due: time the attempt out, send the signals whose time has come."""
        timeout = self.claim.job.timeout
        if self.deadline is None and timeout is not None and self.child.pid is not None:
            self.deadline = now + timeout
        if self.ending is None and self.deadline is not None and now >= self.deadline:
            self.end(Ending.TIMEOUT)
        while self.signals and now >= self.signals[0][0]:
            self.child.kill(self.signals.pop(0)[1])

    def next_duty(self) -> float | None:
        """When `enforce` has something to do."""
        if self.signals:
            return self.signals[0][0]
        return self.deadline if self.ending is None else None

    def take(self, message: Message, pending: Pending) -> Verdict | None:
        """Take in what the child said; the verdict if that was its last word."""
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
            pending.resumed_from = body[0]
        elif kind == CHECKPOINT:
            self._take_checkpoint(body[0], pending)
        elif kind in (DONE, FAILED, STOPPED):
            return self._last_word(kind, body, pending)
        return None

    def gone(self, exit: Exit, siblings: int) -> Verdict | None:
        """The verdict on a child that ended without a last word."""
        usage = Usage(peak_memory=exit.peak_memory, cpu_seconds=exit.cpu_seconds)
        if self.ending is None and exit.by_itself and siblings == 0:
            return self._decide(Crashed(exit.reason), usage)
        return self._decide(self._ended_by_us() or Stopped(exit.reason), usage)

    def refused(self, error: str, traceback: str) -> Verdict | None:
        """The verdict on an attempt whose operation cannot be loaded."""
        return self._decide(Failed(f"the operation {error}", True, traceback), Usage())

    def _take_checkpoint(self, body: dict[str, Any], pending: Pending) -> None:
        self.advanced = True
        pending.parts += parts_of(body)
        pending.checkpoint = StoredCheckpoint(
            number=body["number"],
            state=body["state"],
            attempt_token=self.claim.token,
            path=body.get("path"),
            sha256=body.get("sha256"),
        )

    def _last_word(self, kind: str, body: Sequence[Any], pending: Pending) -> Verdict | None:
        told = body[0] if body else {}
        usage = Usage(peak_memory=told.get("peak_memory"), cpu_seconds=told.get("cpu_seconds"))
        if kind == DONE and self.ending is not Ending.TIMEOUT:
            pending.parts += parts_of(told)
            made = [Publication(**one) for one in told["publications"]]
            return self._decide(Completed(told["result"], made), usage)
        if kind == FAILED and self.ending is None:
            error = Failed(told["error"], told["retryable"], told["traceback"])
            return self._decide(error, usage)
        return self._decide(self._ended_by_us() or Stopped("the worker was stopped"), usage)

    def _ended_by_us(self) -> Outcome | None:
        if self.ending is Ending.TIMEOUT:
            return Failed(f"timed out: it took longer than {self.claim.job.timeout:g} s")
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
