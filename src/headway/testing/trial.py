"""A trial: a job, and its attempts one by one, in a data directory of its own."""

import asyncio
import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson
from pydantic import BaseModel

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.errors import HeadwayError
from headway.events import Event
from headway.job import Job, Json, Status, Waiting
from headway.job_request import JobRequest
from headway.operation import Operation
from headway.queue import Queue
from headway.registry import Registry
from headway.retry import Backoff
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.values.artifacts import StoredArtifact
from headway.store.values.attempts import Want
from headway.store.values.workers import WorkerInfo
from headway.testing.desk import AsyncDeskContext, Desk, DeskContext, Stops
from headway.verdict import Publication
from headway.wiring import files_of, open_store
from headway.worker.phase import run_phase

_LEASE: Final = 86_400.0
_AT_ONCE: Final = Backoff(base=0, cap=0)
"""A test does not wait for its next attempt."""

Input = Mapping[str, Json] | BaseModel | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A job as one attempt has left it, and everything it has said."""

    job: Job
    events: Sequence[Event]
    """All that happened to the job, in order, those of earlier attempts included."""
    items: Sequence[Mapping[str, Json]]
    """The results of single items that can be read by now."""
    progress: Sequence[tuple[float, str | None]] = ()
    """What this attempt has shown: percent and message."""
    checkpoints: Sequence[Mapping[str, Json]] = ()
    """The states this attempt has saved."""
    published: Sequence[Artifact] = ()
    """The data sets and models the job has made."""
    error: BaseException | None = None
    """What the operation raised."""
    site: "Site" = field(repr=False)

    @property
    def result(self) -> Json:
        """What the operation returned. Raise if the job is not completed."""
        if self.job.status is not Status.COMPLETED:
            raise HeadwayError(
                f"expected a completed job, got: {self.job.status}, {self.job.error or 'no error'}"
            ) from self.error
        return self.job.result

    @property
    def interrupted(self) -> bool:
        """True when the job waits for an attempt that goes on where this one stopped."""
        if self.job.waiting_for is Waiting.SHARDS:
            return True  # else they would have run to their end
        return self.job.status is Status.PENDING and self.job.interruptions > 0

    @property
    def metrics(self) -> list[tuple[int, Mapping[str, float]]]:
        """The points of the job's curves: step and values."""
        return [(one.data["step"], one.data["values"]) for one in self.of_kind("metric")]

    @property
    def logs(self) -> list[str]:
        """The lines written for the job's user."""
        return [one.data["message"] for one in self.of_kind("log")]

    def of_kind(self, *kinds: str) -> list[Event]:
        """The events of these kinds: `status`, `metric`, `log`, `items`, `checkpoint`."""
        return [one for one in self.events if one.kind in kinds]

    def resume(self, *, interrupt_at: int | None = None, cancel_at: int | None = None) -> "Trial":
        """Run the job's next attempt, which goes on from its last checkpoint."""
        stops = Stops(interrupt_at, cancel_at)
        if self.site.operation.is_async:
            return asyncio.run(self.site.attempt_async(self.job, stops))
        return self.site.attempt(self.job, stops)

    async def resume_async(
        self, *, interrupt_at: int | None = None, cancel_at: int | None = None
    ) -> "Trial":
        """The same for an `async def`, on the event loop of the test."""
        return await self.site.attempt_async(self.job, Stops(interrupt_at, cancel_at))


class Site:
    """A data directory of one trial's own, removed when nobody holds the trial any more."""

    def __init__(self, operation: Operation) -> None:
        self.operation = replace(operation, backoff=_AT_ONCE)
        self.data_dir = Path(tempfile.mkdtemp(prefix="headway-trial-"))
        self._settings = Settings(data_dir=self.data_dir)
        self._files = files_of(self._settings)
        weakref.finalize(self, shutil.rmtree, self.data_dir, ignore_errors=True)

    def submitted(self, request: Input, artifacts: Mapping[str, Path], owner: str) -> Trial:
        """A job that no attempt has worked on yet."""
        if isinstance(request, BaseModel):
            request = request.model_dump(mode="json", by_alias=True)
        value = dict(request or {})
        with self._open() as (store, queue):
            for name, kind in self.operation.references.items():
                if value.get(name) in artifacts:
                    publication = self._kept(kind, value[name], artifacts[value[name]])
                    store.artifacts.add(owner, publication)
            job = queue.submit(JobRequest(operation=self.operation.name, owner=owner, input=value))
            return Trial(job=job, events=(), items=(), site=self)

    def attempt(self, job: Job, stops: Stops) -> Trial:
        """The job after one attempt of a `def`; one that is split, after its shards and its merge."""
        with self._at_work() as (store, queue, worker):
            desks: list[Desk] = []
            while not desks or _goes_on(store, job.id, desks[-1]):
                made = sum(len(one.checkpoints) for one in desks)
                desk = self._desk(store, queue, worker, stops.after(made), job)
                desks.append(desk)
                with desk.outcome():
                    context = DeskContext(desk)
                    desk.returned(run_phase(self.operation, desk.request, desk.start, context))
            return self._told(store, job.id, desks)

    async def attempt_async(self, job: Job, stops: Stops) -> Trial:
        """The job after one attempt of an `async def`."""
        with self._at_work() as (store, queue, worker):
            desk = self._desk(store, queue, worker, stops, job)
            with desk.outcome():
                desk.returned(await self.operation.load()(desk.request, AsyncDeskContext(desk)))
            return self._told(store, job.id, [desk])

    @contextmanager
    def _open(self) -> Iterator[tuple[Store, Queue]]:
        store = open_store(self._settings)
        try:
            yield store, Queue(store, Registry([self.operation]), _NoEngine())
        finally:
            store.close()

    def _kept(self, kind: str, name: str, file: Path) -> Publication:
        copy = self._files.shared_dir() / f"{uuid4().hex}{file.suffix}"
        shutil.copyfile(file, copy)
        sha256, size = hash_file(copy), copy.stat().st_size
        path = self._files.keep(copy, kind, sha256)
        return Publication(
            id=str(uuid4()), kind=kind, name=name, path=path, sha256=sha256, size=size, meta={}
        )

    @contextmanager
    def _at_work(self) -> Iterator[tuple[Store, Queue, str]]:
        with self._open() as (store, queue):
            info = WorkerInfo(id=uuid4().hex, host="here", pid=os.getpid(), slots=1)
            store.workers.join(info, _LEASE)
            yield store, queue, info.id
            store.workers.leave(info.id)

    def _desk(self, store: Store, queue: Queue, worker: str, stops: Stops, job: Job) -> Desk:
        found = store.attempts.claim(worker, [Want([self.operation.name], 1)])
        if not found:
            raise HeadwayError(
                f"expected a job that waits for an attempt, got one that is {job.status}"
            )
        return Desk(found[0], self.operation, self._files, store, queue, stops)

    def _told(self, store: Store, job_id: str, desks: Sequence[Desk]) -> Trial:
        job = store.jobs.get(job_id)
        assert job is not None
        return Trial(
            job=job,
            events=store.events.of_job(job.id),
            items=[
                orjson.loads(line)
                for part in store.jobs.parts(job.id)
                for line in self._files.path(part.path).read_bytes().splitlines()
            ],
            progress=[shown for desk in desks for shown in desk.progress],
            checkpoints=[state for desk in desks for state in desk.checkpoints],
            published=[
                self._artifact(one)
                for kind in ("dataset", "model")
                for one in store.artifacts.find(job.owner, kind)
                if one.job_id == job.id
            ],
            error=desks[-1].error,
            site=self,
        )

    def _artifact(self, one: StoredArtifact) -> Artifact:
        return Artifact(
            id=one.id,
            kind=one.kind,
            name=one.name,
            path=self._files.path(one.path),
            sha256=one.sha256,
            version=one.version,
            owner=one.owner,
            meta=one.meta,
        )


def _goes_on(store: Store, job_id: str, last: Desk) -> bool:
    """Whether there is a shard to run, or what all of them returned to merge."""
    job = store.jobs.get(job_id)
    assert job is not None
    if last.stopped or job.shards is None:
        return False
    due = job.status is Status.PENDING and last.claim.job.parent is not None
    return due or job.waiting_for is Waiting.SHARDS


class _NoEngine:
    """Nobody has to be woken: the trial runs its job itself."""

    def start(self) -> None:
        """See `Engine.start`."""

    def offer(self, operations: Collection[str]) -> None:
        """See `Engine.offer`."""

    def drain(self) -> None:
        """See `Engine.drain`."""

    def stop(self) -> None:
        """See `Engine.stop`."""
