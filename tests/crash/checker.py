"""Holds what is in the store at the end against what was promised to clients on the way."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headway.job import Status
from headway.store.contract import Store
from headway.store.values.history import AttemptRecord
from tests.crash.history import Entry
from tests.worker.steps import FENCED, Fence, Line, fence_of, redone_after_saved, stale

CLOCK = 0.002
"""Seconds by which the store's times, kept to the millisecond, may seem to overlap."""


@dataclass(frozen=True)
class Seen:
    """A job as it is at the end, and what its attempts did outside of the store."""

    key: str
    id: str
    status: Status
    result: Any
    ends: int
    """Times it entered a state that is final."""
    attempts: Sequence[AttemptRecord] = ()
    lines: Sequence[Line] = ()
    fence: Fence = field(default_factory=lambda: Fence({}))


def seen_in(store: Store, job_id: str, lines: Sequence[Line]) -> Seen:
    """The job as the store shows it."""
    job = store.jobs.get(job_id)
    assert job is not None
    told = store.events.of_job(job_id, kinds=["status"], limit=100_000)
    states = [Status(one.data["status"]) for one in told]
    return Seen(
        key=str(job.metadata["key"]),
        id=job_id,
        status=job.status,
        result=job.result,
        ends=sum(state.finished for state in states),
        attempts=store.jobs.attempts(job_id),
        lines=lines,
        fence=fence_of(store.events.of_job(job_id, kinds=FENCED, limit=100_000)),
    )


def violations(
    history: Sequence[Entry], jobs: Sequence[Seen], oracle: Mapping[str, Any]
) -> list[str]:
    """Every broken promise, as a sentence."""
    return [
        *_lost(history, jobs),
        *_unexpected(history, jobs),
        *(sentence for job in jobs for sentence in wrong_with(job, oracle)),
    ]


def _lost(history: Sequence[Entry], jobs: Sequence[Seen]) -> Iterator[str]:
    known = {job.id for job in jobs}
    for entry in history:
        if entry.outcome == "ok" and entry.job not in known:
            yield f"{entry.key}: lost, though it was acknowledged as {entry.job}"
        if entry.outcome == "fail" and entry.job in known:
            yield f"{entry.key}: refused, though it was written as {entry.job}"


def _unexpected(history: Sequence[Entry], jobs: Sequence[Seen]) -> Iterator[str]:
    possible = {entry.key for entry in history if entry.outcome != "fail"}
    for key, count in Counter(job.key for job in jobs).items():
        if key not in possible:
            yield f"{key}: unexpected, nobody was granted it"
        if count > 1:
            yield f"{key}: made {count} times"


def wrong_with(job: Seen, oracle: Mapping[str, Any]) -> Iterator[str]:
    """The promises broken to this one job."""
    if not job.status.finished:
        yield f"{job.key}: not finished but {job.status}"
    elif job.ends != 1:
        yield f"{job.key}: finished {job.ends} times"
    if job.status is Status.COMPLETED and job.result != oracle.get(job.key):
        yield f"{job.key}: its result is {job.result}, undisturbed it is {oracle.get(job.key)}"
    if job.status in (Status.FAILED, Status.CANCELLED):
        yield f"{job.key}: {job.status}, though only its processes were killed"
    yield from _attempts(job)
    yield from _effects(job)


def _attempts(job: Seen) -> Iterator[str]:
    ordered = sorted(job.attempts, key=lambda one: one.token)
    if sum(one.reason == "completed" for one in ordered) > 1:
        yield f"{job.key}: completed by two attempts"
    for before, after in itertools.pairwise(ordered):
        if after.started_at < before.ended_at - CLOCK:
            yield f"{job.key}: attempt {after.token} began before {before.token} had ended"


def _effects(job: Seen) -> Iterator[str]:
    for one in stale(job.lines, job.fence):
        yield f"{job.key}: a stale write of attempt {one.token} was accepted at step {one.step}"
    for number in job.fence.out_of_turn:
        yield f"{job.key}: checkpoint {number} was accepted out of turn"
    for one in redone_after_saved(job.lines, job.fence):
        yield f"{job.key}: step {one.step} was done again behind a checkpoint"
    done = Counter((one.step, one.token) for one in job.lines if one.word == "step")
    for (step, token), count in done.items():
        if count > 1:
            yield f"{job.key}: attempt {token} did step {step} {count} times"
