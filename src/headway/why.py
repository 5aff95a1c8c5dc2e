"""Why a job is where it is: sentences for whoever wonders."""

from collections.abc import Collection, Iterable, Sequence

from headway.estimate import Estimate
from headway.job import Job, Status, Waiting
from headway.limits import Limits
from headway.store.values import Depth, WorkerLoad


def why(
    job: Job,
    estimate: Estimate,
    *,
    workers: Sequence[WorkerLoad],
    paused: Collection[str],
    depth: Sequence[Depth],
    limits: Limits,
    now: float,
) -> list[str]:
    """What the job waits for, or what became of it; the most important first."""
    if job.status.finished:
        return [f"it has ended: {job.status}" + (f" ({job.error})" if job.error else "")]
    if job.waiting_for is Waiting.SHARDS:
        return list(_split(job, paused))
    if job.status is Status.RUNNING:
        return _running(job, workers, now)
    return list(_waiting(job, estimate, workers, paused, depth, limits, now))


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
    yield f"its {job.shards} shards do its work: {job.progress:.0f} % so far"
    yield from _history(job)


def _waiting(
    job: Job,
    estimate: Estimate,
    workers: Sequence[WorkerLoad],
    paused: Collection[str],
    depth: Sequence[Depth],
    limits: Limits,
    now: float,
) -> Iterable[str]:
    able = [one for one in workers if job.operation in one.info.operations]
    if job.operation in paused:
        yield f"{job.operation} is paused: headway operations resume {job.operation}"
    if not workers:
        yield "no worker is alive: start one with headway work"
    elif not able:
        yield (
            f"none of the {len(workers)} workers has {job.operation} registered: set"
            " HEADWAY_OPERATIONS for them to the module that defines it"
        )
    if job.run_at is not None and job.waiting_for in (Waiting.TIME, Waiting.RETRY):
        what = "its time" if job.waiting_for is Waiting.TIME else "another attempt"
        yield f"it waits for {what}, in {max(0.0, job.run_at - now):.0f} s"
    if job.waiting_for is Waiting.LIMIT:
        yield (
            f"{job.owner} has as many jobs running or ready as one user may"
            f" (HEADWAY_MAX_RUNNING_PER_USER, {limits.running_per_user or 'not set any more'})"
        )
    yield from _full(job, able, depth, limits)
    if estimate.position is not None:
        yield f"it is number {estimate.position} of those that wait for {job.operation}"
    elif job.waiting_for is None:
        yield f"more than a thousand jobs wait for {job.operation} before it"
    yield from _history(job)


def _full(
    job: Job, able: Sequence[WorkerLoad], depth: Sequence[Depth], limits: Limits
) -> Iterable[str]:
    running = {one.operation: one.running for one in depth}
    most = limits.running_of.get(job.operation)
    if most is not None and running.get(job.operation, 0) >= most:
        yield f"{most} jobs of {job.operation} run, as many as may (max_running)"
    if limits.running is not None and sum(running.values()) >= limits.running:
        yield f"{limits.running} jobs run, as many as may (HEADWAY_MAX_RUNNING)"
    if able and all(len(one.running) >= max(1, one.info.slots) for one in able):
        yield f"the workers that could run it are busy: {sum(len(one.running) for one in able)} jobs"


def _history(job: Job) -> list[str]:
    told = [
        f"{count} {what}"
        for count, what in (
            (job.attempt, "failed attempts"),
            (job.crashes, "crashes"),
            (job.interruptions, "interruptions"),
        )
        if count
    ]
    return [f"so far: {', '.join(told)}" + (f"; {job.error}" if job.error else "")] if told else []
