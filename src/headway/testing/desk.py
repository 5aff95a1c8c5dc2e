"""The parent's side of an attempt that runs inline, and the contexts that talk to it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from headway.artifacts import ArtifactFiles
from headway.errors import Cancelled, Interrupted, StopAttempt
from headway.job import Json
from headway.operation import Operation
from headway.queue import Queue
from headway.store.contract import Store
from headway.store.values.attempts import Claim
from headway.worker.attempt import Attempt, Ending
from headway.worker.child import done, failure, largest
from headway.worker.context import BaseContext
from headway.worker.phase import SplitUp
from headway.worker.process import Child
from headway.worker.protocol import (
    CHECKPOINT,
    DONE,
    FAILED,
    PROGRESS,
    SPLIT,
    STOPPED,
    Message,
    encode,
)
from headway.worker.record import Recorder
from headway.worker.start import start_of


@dataclass(frozen=True, slots=True)
class Stops:
    """At which checkpoints of the attempt something happens, counting from 1."""

    interrupt_at: int | None
    cancel_at: int | None

    def after(self, checkpoints: int) -> "Stops":
        """The same once so many checkpoints have passed."""
        return Stops(
            *(
                None if at is None or at <= checkpoints else at - checkpoints
                for at in (self.interrupt_at, self.cancel_at)
            )
        )


class _Here(Child):
    """The attempt's process is this one, which need not be told anything."""

    def __init__(self) -> None:
        self.pid = None

    def send(self, messages: Sequence[Message]) -> None:
        """Nobody listens."""


class Desk:
    """The parent's side of an attempt: it takes in what is said, and writes it to the store."""

    def __init__(
        self,
        claim: Claim,
        operation: Operation,
        files: ArtifactFiles,
        store: Store,
        queue: Queue,
        stops: Stops,
    ) -> None:
        self.claim = claim
        self.start = start_of(claim, files, traceparent=claim.traceparent)
        self.request = operation.takes(claim.job.shard).model_validate_json(claim.input)
        self.store = store
        self.context: BaseContext | None = None
        self.cancelled = False
        self.stopped = False
        """Whether the attempt was ended from outside."""
        self.progress: list[tuple[float, str | None]] = []
        self.checkpoints: list[Mapping[str, Json]] = []
        self.error: BaseException | None = None
        self._operation = operation
        self._queue = queue
        self._stops = stops
        self._recorder = Recorder(store.attempts, _ignore, _ignore)
        self._attempt = Attempt(claim, operation, _Here(), shared=False, ref="trial")
        self._waiting: list[Message] = []

    def send(self, *message: Any) -> None:
        """Take in a message, through JSON as on the way between processes."""
        self.later(*message)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            pending = self._recorder.of(self.claim)
            pending.verdict = self._attempt.take(one, pending)
            if one[0] == PROGRESS:
                self.progress.append((one[2], one[3]))
            elif one[0] == CHECKPOINT:
                self.checkpoints.append(one[2]["state"])

    def later(self, *message: Any) -> None:
        """Keep a message back until the next one is sent."""
        self._waiting.append(orjson.loads(encode(list(message))))

    def saved(self) -> None:
        """Make the checkpoint that was just sent durable. Then comes what was ordered for it."""
        self._recorder.write()
        if self._stops.cancel_at == len(self.checkpoints):
            job = self.claim.job
            self._queue.cancel(job.parent or job.id, job.owner)
            self._attempt.ending = Ending.LOST
            self.cancelled = True
            raise Cancelled
        if self._stops.interrupt_at == len(self.checkpoints):
            raise Interrupted

    @contextmanager
    def outcome(self) -> Iterator[None]:
        """Turn however the operation ends into a verdict, as a worker does."""
        try:
            yield
        except StopAttempt:
            self.stopped = True
            self._end(STOPPED, "trial")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an outcome: it is recorded
            self.error = error
            self._end(FAILED, "trial", failure(error, shared=True))
        finally:
            if self.context is not None:
                self.context.clear_scratch()

    def returned(self, result: Json | SplitUp) -> None:
        """Take in what the operation returned."""
        assert self.context is not None
        if isinstance(result, SplitUp):
            self._end(SPLIT, "trial", {"inputs": result.inputs})
            return
        left = self.context.finish()
        body = done(result, self._operation, left, largest=largest(self.start), shared=True)
        self._end(DONE, "trial", body)

    def _end(self, *message: Any) -> None:
        self.send(*message)
        self._recorder.write()


def _ignore(_seq: int, _token: int) -> None:
    """Nobody else is there to take the job away."""


class _TrialContext(BaseContext):
    """What both kinds of operation see alike."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.context = self
        super().__init__(desk.start, "trial", desk)
        self.begin()

    @property
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""
        return self._desk.cancelled

    def _check(self) -> None:
        if self._desk.cancelled:
            raise Cancelled


class DeskContext(_TrialContext):
    """See `headway.context.Context`."""

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """See `Context.checkpoint`."""
        self._check()
        self._save(state, blob, self._items.take())
        self._desk.saved()
        self._checkpoints.remove_outdated()


class AsyncDeskContext(_TrialContext):
    """See `headway.context.AsyncContext`."""

    async def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """See `Context.checkpoint`."""
        self._check()
        await asyncio.sleep(0)  # as in a worker, others may run while this one waits
        self._save(state, blob, self._items.take())
        self._desk.saved()
        self._checkpoints.remove_outdated()
