"""Run an operation of your own in a test: inline, with the store, the files and the context that a
worker gives it, and stop it where you choose.

    first = run(train, {"epochs": 5}, interrupt_at=2)
    assert first.interrupted and first.checkpoints == [{"epoch": 1}, {"epoch": 2}]
    second = first.resume()
    assert second.result == {"epochs": 5}

What a process of its own would add is missing here: no limit of time or memory is enforced.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from headway.operation import Operation
from headway.testing.trial import Input, Site, Trial

__all__ = ["Trial", "run", "run_async"]

OWNER: Final = "tester"


def run(
    operation: Operation,
    request: Input = None,
    *,
    interrupt_at: int | None = None,
    cancel_at: int | None = None,
    artifacts: Mapping[str, Path] | None = None,
    owner: str = OWNER,
) -> "Trial":
    """Submit a job of the operation and run its first attempt, here and now.

    `interrupt_at=n` stops it at its n-th checkpoint, as a worker does that is told to stop;
    `cancel_at=n` cancels the job there. `artifacts` gives the file for each name of a data set,
    a model or a file in the request. Raise `InvalidInput` when the request cannot be a job.
    """
    return Site(operation).submitted(request, artifacts or {}, owner).resume(
        interrupt_at=interrupt_at, cancel_at=cancel_at
    )  # fmt: skip


async def run_async(
    operation: Operation,
    request: Input = None,
    *,
    interrupt_at: int | None = None,
    cancel_at: int | None = None,
    artifacts: Mapping[str, Path] | None = None,
    owner: str = OWNER,
) -> "Trial":
    """The same for an `async def`, on the event loop of the test."""
    job = Site(operation).submitted(request, artifacts or {}, owner)
    return await job.resume_async(interrupt_at=interrupt_at, cancel_at=cancel_at)
