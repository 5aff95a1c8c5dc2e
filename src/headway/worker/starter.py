"""From claims to running attempts, as many as there is room for."""

import signal
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from headway.artifacts import ArtifactFiles
from headway.registry import Registry
from headway.store.contract.attempts import Attempts
from headway.store.values.attempts import Claim, Want
from headway.verdict import Failed, Outcome, Stopped
from headway.worker.attempt import Attempt
from headway.worker.lanes import Lanes
from headway.worker.memory import MemoryWatch
from headway.worker.options import WorkerOptions
from headway.worker.pool import Pool
from headway.worker.process import UNSTARTED, Child
from headway.worker.protocol import START, encode
from headway.worker.spare import Spare
from headway.worker.start import deleted_of, start_of
from headway.worker.tracing import Tracing

CLAIM_AT_ONCE: Final = 200
"""Below `async_slots`, so that children work on one group while the next is claimed."""


class Started(NamedTuple):
    """What came of the claims."""

    attempts: list[Attempt]
    unstarted: list[tuple[Claim, Outcome]]
    """Those of which no attempt came to be, and why."""


class Starter:
    """Starts attempts: a `def` in a child of its own, an `async def` in a shared one."""

    def __init__(
        self,
        registry: Registry,
        files: ArtifactFiles,
        pool: Pool,
        lanes: Lanes,
        options: WorkerOptions,
        tracing: Tracing,
    ) -> None:
        self._registry = registry
        self._files = files
        self._pool = pool
        self._lanes = lanes
        self._options = options
        self._tracing = tracing
        self._shared = [one for one in registry if one.is_async]
        self._alone = [one for one in registry if not one.is_async]

    def wants(self, attempts: Collection[Attempt], exiting: int) -> list[Want]:
        """What there is room for beside these attempts and so many children that are ending."""
        shared = sum(one.shared for one in attempts)
        alone = len(attempts) - shared + exiting
        spare = Spare(self._options.resources, (one.operation.resources for one in attempts))
        room = (
            (self._alone, self._options.slots - alone),
            (self._shared, self._options.async_slots - shared),
        )
        return [
            spare.want(operations, min(limit, CLAIM_AT_ONCE))
            for operations, limit in room
            if limit > 0 and operations
        ]

    def claim(self, attempts: Attempts, worker: str, wants: Sequence[Want]) -> list[Claim]:
        """Claim what is wanted, within the limits of what may run at a time."""
        return attempts.claim(worker, wants, self._options.limits) if wants else []

    def start(self, claims: Sequence[Claim], worker: str) -> Started:
        """Start an attempt for each claim: one frame for each child, however many it gets.

        A claim that cannot be started is told of beside the others, which it keeps from nothing.
        """
        started = Started([], [])
        for claim in claims:
            if deleted := deleted_of(claim, self._registry.get(claim.job.operation)):
                started.unstarted.append((claim, Failed(deleted, retryable=False)))
                continue
            try:
                started.attempts.append(self._attempt_of(claim))
            except OSError as error:  # no descriptor, no control group: others would fare alike
                self._pool.rest()
                started.unstarted.append((claim, Stopped(UNSTARTED.format(error))))
        self._tracing.began(started.attempts, worker)
        self._tell_children(started)
        return started

    def _tell_children(self, started: Started) -> None:
        told: dict[Child, list[bytes]] = {}
        for one in list(started.attempts):
            try:
                message = self._start_of(one)
            except ValueError as error:  # more than a frame can hold, today and tomorrow
                self._abandon(one)
                started.attempts.remove(one)
                failed = Failed(f"its input cannot be handed over: {error}", retryable=False)
                started.unstarted.append((one.claim, failed))
            else:
                told.setdefault(one.child, []).append(message)
        for child, messages in told.items():
            child.post(messages)

    def _start_of(self, one: Attempt) -> bytes:
        told = {name: self._options.settings.get(name) for name in one.operation.settings}
        start = start_of(one.claim, self._files, told, traceparent=self._tracing.traceparent(one))
        return encode([START, one.ref, start])

    def _abandon(self, one: Attempt) -> None:
        self._tracing.ended(one, None)
        if not one.shared:
            one.child.kill(signal.SIGKILL)

    def _attempt_of(self, claim: Claim) -> Attempt:
        operation = self._registry.get(claim.job.operation)
        shared = operation.is_async
        limit = None if shared else operation.memory or self._options.memory
        child = (
            self._lanes.child_for(claim.job, self._pool)
            if shared
            else self._pool.fork(operation.name, limit)
        )
        return Attempt(
            claim=claim,
            operation=operation,
            child=child,
            shared=shared,
            ref=ref_of(claim.job.seq, claim.token),
            memory=None if limit is None else MemoryWatch(limit, child.group),
        )


def ref_of(seq: int, token: int) -> str:
    """What parent and child call the attempt of this claim."""
    return f"{seq}:{token}"
