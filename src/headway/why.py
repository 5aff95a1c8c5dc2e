"""Why a job is where it is: sentences for whoever wonders."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headway.counting import counted
from headway.estimate import Estimate
from headway.job import Job, Status, Waiting
from headway.limits import Limits
from headway.registry import Registry
from headway.store.values.meters import Depth
from headway.store.values.workers import WorkerInfo, WorkerLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that can keep a job waiting, as it stood at one moment."""

    workers: Sequence[WorkerLoad]
    paused: Collection[str]
    depth: Sequence[Depth]
    limits: Limits
    registry: Registry
    """The operations that are known here; a worker may know others."""
    queue_of: Callable[[str], str]
    """The queue that jobs of an operation are in."""
    now: float

    def is_async(self, operation: str) -> bool:
        """Whether jobs of it take an async slot, as far as is known here."""
        return operation in self.registry and self.registry.get(operation).is_async


def why(job: Job, estimate: Estimate, around: Surroundings) -> list[str]:
    """What the job waits for, or what became of it; the most important first."""
    if job.status.finished:
        return [f"it has ended: {job.status}" + (f" ({job.error})" if job.error else "")]
    if job.waiting_for is Waiting.SHARDS:
        return list(_split(job, around.paused))
    if job.status is Status.RUNNING:
        return _running(job, around.workers, around.now)
    return list(_waiting(job, estimate, around))


class Lack(NamedTuple):
    """What is missing, and what to do about it."""

    what: str
    remedy: str


def lack_of_workers(
    operation: str,
    workers: Sequence[WorkerInfo],
    registry: Registry,
    queue_of: Callable[[str], str],
) -> Lack | None:
    """Why no living worker runs jobs of an operation, as far as can be told from here; None if one
    does."""
    served = {name for one in workers for name in one.operations}
    if operation in served:
        return None
    if not workers:
        return Lack("no worker is alive", "start one with headway work")
    nobody = f"none of {counted(len(workers), 'living worker')} runs {operation}"
    if operation not in registry:
        return Lack(nobody, "set HEADWAY_OPERATIONS for them to the module that defines it")
    queue = queue_of(operation)
    needs = registry.get(operation).resources.items()
    resources = ",".join(f"{name}={count}" for name, count in needs)
    if not any(queue_of(name) == queue for name in served):
        also = f" with HEADWAY_RESOURCES={resources}" if resources else ""
        return Lack(
            f"{nobody}, nor anything else of its queue, {queue}",
            f"start one{also}: headway work --queues {queue}",
        )
    if resources:
        return Lack(f"{nobody}, which takes {resources}", "HEADWAY_RESOURCES says what one has")
    return Lack(nobody, "set HEADWAY_OPERATIONS for them as it is set here")


def _running(job: Job, workers: Sequence[WorkerLoad], now: float) -> list[str]:
    holder = next((one for one in workers if one.info.id == job.worker), None)
    since = f" since {now - job.started_at:.0f} s" if job.started_at is not None else ""
    if holder is None:
        lost = (
            f"it runs{since} on a worker whose lease has ended: the sweep gives it back within"
            " 15 s, if any worker is alive"
        )
        return [lost]
    where = f"worker {holder.info.id} on {holder.info.host} (process {holder.info.pid})"
    return [f"it runs{since} on {where}, at {job.progress:.0f} %", *_history(job)]


def _split(job: Job, paused: Collection[str]) -> Iterable[str]:
    if job.operation in paused:
        yield (
            f"{job.operation} is paused, so none of its shards begins: headway operations resume"
            f" {job.operation}"
        )
    yield f"its work is done in {counted(job.shards or 0, 'shard')}: {job.progress:.0f} % so far"
    yield from _history(job)


def _waiting(job: Job, estimate: Estimate, around: Surroundings) -> Iterable[str]:
    if job.operation in around.paused:
        yield f"{job.operation} is paused: headway operations resume {job.operation}"
    infos = [one.info for one in around.workers]
    lack = lack_of_workers(job.operation, infos, around.registry, around.queue_of)
    if lack is not None:
        yield f"{lack.what}: {lack.remedy}"
    if job.run_at is not None and job.waiting_for in (Waiting.TIME, Waiting.RETRY):
        what = "its time" if job.waiting_for is Waiting.TIME else "another attempt"
        yield f"it waits for {what}, in {max(0.0, job.run_at - around.now):.0f} s"
    if job.waiting_for is Waiting.LIMIT:
        yield (
            f"{job.owner} has as many jobs running or ready as one user may"
            f" (HEADWAY_MAX_RUNNING_PER_USER, {around.limits.running_per_user or 'not set any more'})"
        )
    yield from _full(job, around)
    if estimate.position is not None:
        yield f"it is number {estimate.position} of those that wait for {job.operation}"
    elif job.waiting_for is None:
        yield f"more than a thousand jobs wait for {job.operation} before it"
    yield from _history(job)


def _full(job: Job, around: Surroundings) -> Iterable[str]:
    limits = around.limits
    running = {one.operation: one.running for one in around.depth}
    most = limits.running_of.get(job.operation)
    if most is not None and running.get(job.operation, 0) >= most:
        yield f"{counted(most, 'job')} of {job.operation} may run at a time (max_running), and so many do"
    if limits.running is not None and sum(running.values()) >= limits.running:
        yield f"{counted(limits.running, 'job')} may run at a time (HEADWAY_MAX_RUNNING), and so many do"
    able = [one for one in around.workers if job.operation in one.info.operations]
    if able and job.operation in around.registry:
        yield from _busy(job, able, around)


def _busy(job: Job, able: Sequence[WorkerLoad], around: Surroundings) -> Iterable[str]:
    """Slots are of two kinds, and only those of the job's own kind count."""
    is_async = around.is_async(job.operation)
    name = "HEADWAY_ASYNC_SLOTS" if is_async else "HEADWAY_SLOTS"
    slots = [one.info.async_slots if is_async else one.info.slots for one in able]
    taken = [sum(around.is_async(of.operation) is is_async for of in one.running) for one in able]
    if not any(slots):
        yield f"no worker that runs {job.operation} has a slot for it ({name})"
    elif all(used >= most for used, most in zip(taken, slots, strict=True)):
        yield (
            f"the workers that could run it are busy: {counted(sum(taken), 'job')} in"
            f" {counted(sum(slots), 'slot')} ({name})"
        )


def _history(job: Job) -> list[str]:
    told = [
        counted(count, *what)
        for count, what in (
            (job.attempt, ("failed attempt",)),
            (job.crashes, ("crash", "crashes")),
            (job.interruptions, ("interruption",)),
        )
        if count
    ]
    return [f"so far: {', '.join(told)}" + (f"; {job.error}" if job.error else "")] if told else []
