"""From claims to running attempts, as many as there is room for."""

from collections.abc import Collection, Sequence
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.operation import Registry
from headway.store.contract import Attempts
from headway.store.values import Claim, Want
from headway.worker.attempt import Attempt
from headway.worker.lanes import Lanes
from headway.worker.memory import MemoryWatch
from headway.worker.options import WorkerOptions
from headway.worker.pool import Child, Pool
from headway.worker.protocol import START, Message
from headway.worker.spare import Spare
from headway.worker.start import start_of

CLAIM_AT_ONCE: Final = 200
"""Below `async_slots`, so that children work on one group while the next is claimed."""


class Starter:
    """Starts attempts: a `def` in a child of its own, an `async def` in a shared one."""

    def __init__(
        self,
        registry: Registry,
        files: ArtifactFiles,
        pool: Pool,
        lanes: Lanes,
        options: WorkerOptions,
    ) -> None:
        self._registry = registry
        self._files = files
        self._pool = pool
        self._lanes = lanes
        self._options = options
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

    def start(self, claims: Sequence[Claim]) -> list[Attempt]:
        """Start an attempt for each claim: one frame for each child, however many it gets."""
        attempts = [self._attempt_of(claim) for claim in claims]
        frames: dict[Child, list[Message]] = {}
        for one in attempts:
            told = {name: self._options.settings.get(name) for name in one.operation.settings}
            message: Message = [START, one.ref, start_of(one.claim, self._files, told)]
            frames.setdefault(one.child, []).append(message)
        for child, messages in frames.items():
            child.send(messages)
        return attempts

    def _attempt_of(self, claim: Claim) -> Attempt:
        operation = self._registry.get(claim.job.operation)
        shared = operation.is_async
        limit = None if shared else operation.memory or self._options.memory
        return Attempt(
            claim=claim,
            operation=operation,
            child=self._lanes.child_for(claim.job)
            if shared
            else self._pool.fork(operation.name, limit),
            shared=shared,
            ref=ref_of(claim.job.seq, claim.token),
            memory=None if limit is None else MemoryWatch(limit),
        )


def ref_of(seq: int, token: int) -> str:
    """What parent and child call the attempt of this claim."""
    return f"{seq}:{token}"
