"""The one door to jobs: HTTP, the command line and Python all call these methods."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from headway.catalog import Catalog
from headway.engine.contract import Engine
from headway.errors import (
    InvalidInput,
    KeyReused,
    UnknownArtifact,
)
from headway.events import Event
from headway.following import Following
from headway.ids import new_id
from headway.job import Job, Status
from headway.job_request import JobRequest, check_bounds, key_of, validated
from headway.limits import UNLIMITED, Limits
from headway.notices import NO_REACH, Reach, Target
from headway.notifications import Notifications
from headway.oversight import Oversight
from headway.own_jobs import OwnJobs
from headway.registry import Registry
from headway.shared_outlook import SharedOutlook
from headway.store.contract import Store
from headway.store.values.attempts import Part
from headway.store.values.history import AttemptRecord, JobQuery
from headway.store.values.submission import Added, Decided, IdempotencyKey, Submission
from headway.why import Surroundings, why

_NO_ROOM: Final = Limits(queued_per_user=0)
"""Refuses all that is new: what was made before is answered at any limit."""


class Queue:
    """Submits, finds and ends jobs. Who asks is always said: only his own jobs are his."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        engine: Engine,
        limits: Limits = UNLIMITED,
        reach: Reach = NO_REACH,
    ) -> None:
        self.notifications = Notifications(store, reach)
        many_at_a_time = frozenset(one.name for one in registry if one.is_async)
        outlook = SharedOutlook(partial(store.overview.outlook, many_at_a_time))
        self.oversight = Oversight(store, registry, engine, outlook)
        self.following = Following(store, outlook)
        self._store = store
        self._limits = limits
        self._engine = engine
        self._catalog = Catalog(store)
        self._own = OwnJobs(store)
        self.registry = registry

    def submit(self, request: JobRequest) -> Job:
        """Make the job durable and wake a worker. The same key and request give the same job.

        An unfinished job with the same unique key is given instead of a second one. Raise
        `LimitReached` when there is no room for it.
        """
        try:
            prepared = self.prepare(request)
        except UnknownArtifact:
            again = self.replayed([self.asked(request)])
            if again is None:
                raise
            return again[0].job
        (added,) = self.accept([prepared])
        if isinstance(added, Added):
            return added.job
        raise added

    def submit_many(self, requests: Sequence[JobRequest]) -> list[Job]:
        """Make all the jobs durable in one transaction, or none of them if one cannot be a job or
        there is no room for all. Raise `KeyReused` if a key came with another request before.
        """
        mark = new_id()
        prepared = [replace(self.prepare(request), together=mark) for request in requests]
        jobs = []
        for one in self.accept(prepared):
            if not isinstance(one, Added):
                raise one
            jobs.append(one.job)
        return jobs

    def prepare(self, request: JobRequest) -> Submission:
        """Check everything that can be checked before the job is made, or raise `InvalidInput`."""
        asked = self.asked(request)
        pins = self._catalog.pins(asked.owner, self.registry.get(asked.operation), asked.input)
        return replace(asked, uses=pins, notify=self._targets(request))

    def asked(self, request: JobRequest) -> Submission:
        """The request, checked but for what it names, which may be gone since it was made before."""
        operation = self.registry.offered(request.operation)
        check_bounds(request)
        body = validated(operation, request.input)
        return Submission(
            id=new_id(),
            operation=operation.name,
            owner=request.owner,
            input=body,
            priority=request.priority,
            run_at=request.run_at,
            max_attempts=request.max_attempts or operation.max_attempts,
            timeout=request.timeout if request.timeout is not None else operation.timeout,
            metadata=request.metadata,
            idempotency=key_of(request, body) if request.idempotency_key is not None else None,
            unique_key=request.unique_key,
        )

    def _targets(self, request: JobRequest) -> list[Target] | None:
        if request.notify is None:
            return None
        return self.notifications.checked(request.owner, request.notify, below="/notify")

    def accept(self, submissions: Sequence[Submission]) -> list[Decided]:
        """Make prepared submissions durable in one transaction, then wake workers."""
        added = self._store.jobs.add(submissions, self._limits)
        if any(isinstance(one, Added) and one.made for one in added):
            self._engine.offer({one.operation for one in submissions})
        return added

    def replayed(self, asked: Sequence[Submission]) -> list[Added] | None:
        """What was made under the keys of these submissions before; None unless each has one that is
        known. Makes nothing. Raise `KeyReused` if another request came with one."""
        if any(one.idempotency is None for one in asked):
            return None
        # What is unfinished under the same unique key was not made for this request.
        found = self._store.jobs.add([replace(one, unique_key=None) for one in asked], _NO_ROOM)
        reused = next((one for one in found if isinstance(one, KeyReused)), None)
        if reused is not None:
            raise reused
        made = [one for one in found if isinstance(one, Added)]
        return made if len(made) == len(asked) else None

    def get(self, job_id: str, owner: str) -> Job:
        """The owner's job. Raise `NotFound`, `NotAuthorized`, or `Gone` if it was pruned."""
        return self._own.job(job_id, owner)

    def version(self, job_id: str, owner: str) -> tuple[int, Status]:
        """Version and state of the owner's job, without its payload."""
        return self._own.version(job_id, owner)

    def find(self, query: JobQuery) -> list[Job]:
        """Jobs newest first."""
        return self._store.jobs.find(query)

    def cancel(self, job_id: str, owner: str) -> Job:
        """End a job that has not ended: it is cancelled when this returns."""
        self.get(job_id, owner)
        job = self._store.jobs.cancel(job_id)
        self._store.bell.ring("cancel")
        self._store.bell.ring("news")
        return job

    def retry(self, job_id: str, owner: str) -> Job:
        """Give a failed or cancelled job new attempts."""
        self.get(job_id, owner)
        job = self._store.jobs.retry(job_id, self._limits)
        self._engine.offer({job.operation})
        return job

    def retry_items(self, job_id: str, owner: str) -> Job:
        """Try those items of a job that has ended again that failed; all others stay."""
        self._check_redoes_items(self.get(job_id, owner))
        job = self._store.jobs.retry_items(job_id, self._limits)
        self._engine.offer({job.operation})
        return job

    def retry_once(self, job_id: str, owner: str, key: str, *, items: bool = False) -> Added:
        """Retry, or retry the failed items, once for this key: asked again, give the job as it is."""
        job = self.get(job_id, owner)
        if items:
            self._check_redoes_items(job)
        fingerprint = "failed items" if items else "whole job"
        scope = f"POST /api/v1/jobs/{job_id}/retry"
        named = IdempotencyKey(scope=scope, key=key, fingerprint=fingerprint)
        added = self._store.jobs.retry_once(job_id, named, items=items, limits=self._limits)
        if added.made:
            self._engine.offer({added.job.operation})
        return added

    def _check_redoes_items(self, job: Job) -> None:
        if not self.registry.get(job.operation).redoes_items:
            raise InvalidInput(
                f"expected a job whose operation can try single items again, got {job.operation};"
                " retry it as a whole",
                pointer="/query/items",
            )

    def events(
        self,
        job_id: str,
        owner: str,
        *,
        after: int = 0,
        kinds: Collection[str] = (),
        limit: int = 1000,
    ) -> list[Event]:
        """The job's events past number `after`."""
        self.get(job_id, owner)
        return self._store.events.of_job(job_id, after=after, kinds=kinds, limit=limit)

    def shards(self, job_id: str, owner: str) -> list[Job]:
        """What the job was split into, in order; nothing for one that was not."""
        self.get(job_id, owner)
        return self._store.jobs.shards(job_id)

    def parts(self, job_id: str, owner: str, *, after: int = -1) -> list[Part]:
        """The files with the job's item results past index `after`."""
        self.get(job_id, owner)
        return self._store.jobs.parts(job_id, after=after)

    def attempts(self, job_id: str, owner: str) -> list[AttemptRecord]:
        """The job's ended attempts."""
        self.get(job_id, owner)
        return self._store.jobs.attempts(job_id)

    def why(self, job: Job, now: float, queue_of: Callable[[str], str]) -> list[str]:
        """What the job waits for, in sentences."""
        around = Surroundings(
            workers=self.oversight.workers(),
            paused=self.oversight.paused(),
            depth=self.oversight.depth(),
            limits=self._limits,
            registry=self.registry,
            queue_of=queue_of,
            now=now,
        )
        return why(job, self.following.estimate(job), around)
