"""The one door to jobs: HTTP, the command line and Python all call these methods."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from math import inf
from typing import Final

import orjson
from pydantic import ValidationError

from headway.catalog import Catalog
from headway.engine.contract import Engine
from headway.errors import (
    Gone,
    HeadwayError,
    InvalidInput,
    NotAuthorized,
    NotFound,
    UnknownArtifact,
)
from headway.estimate import NO_ESTIMATE, Estimate
from headway.events import Event, Stretch
from headway.ids import new_id
from headway.job import (
    DEFAULT_PRIORITY,
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    Job,
    Json,
    Status,
)
from headway.limits import UNLIMITED, Limits
from headway.mistakes import mistakes, summary
from headway.notices import NO_REACH, Reach, Target
from headway.notifications import Notifications
from headway.operation import Operation, Registry
from headway.store.contract import Store, Waiter
from headway.store.values import (
    Added,
    AttemptRecord,
    Decided,
    Depth,
    Ended,
    IdempotencyKey,
    JobQuery,
    Meters,
    OwnerLoad,
    Part,
    StoreHealth,
    Submission,
    WorkerLoad,
)
from headway.why import why


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What somebody asks for, not yet checked."""

    operation: str
    owner: str
    input: Json = field(default_factory=dict)
    priority: int = DEFAULT_PRIORITY
    run_at: float | None = None
    timeout: float | None = None
    max_attempts: int | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    idempotency_key: str | None = None
    scope: str = ""
    """The route the key belongs to."""
    unique_key: str | None = None
    """While a job of this owner, operation and key is unfinished, no second one is made."""
    notify: Sequence[Mapping[str, Json]] | None = None
    """Whom to tell of its end: each a `webhook` or an `email`, and `on` which ends; None for those
    whom the owner's settings name."""


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
        self._store = store
        self._limits = limits
        self._engine = engine
        self._catalog = Catalog(store)
        self.registry = registry
        self._shared = frozenset(one.name for one in registry if one.is_async)

    def submit(self, request: JobRequest) -> Job:
        """Make the job durable and wake a worker. The same key and request give the same job.

        An unfinished job with the same unique key is given instead of a second one. Raise
        `LimitReached` when there is no room for it.
        """
        (added,) = self.accept([self.prepare(request)])
        if isinstance(added, Added):
            return added.job
        raise added

    def submit_many(self, requests: Sequence[JobRequest]) -> list[Job]:
        """Make all the jobs durable in one transaction, or none of them if one cannot be a job or
        there is no room for all.

        Raise `KeyReused` if a key came with another request before; the others are durable then.
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
        operation = self.registry.offered(request.operation)
        _check_bounds(request)
        body = _validated(operation, request.input)
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
            uses=self._pin(operation, body, request.owner) if operation.references else {},
            idempotency=_key(request, body) if request.idempotency_key is not None else None,
            unique_key=request.unique_key,
            notify=self._targets(request),
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

    def get(self, job_id: str, owner: str) -> Job:
        """The owner's job. Raise `NotFound`, `NotAuthorized`, or `Gone` if it was pruned."""
        job = self._store.jobs.get(job_id)
        if job is None:
            raise self._missing(job_id, owner)
        if job.owner != owner:
            raise NotAuthorized("Not authorized")
        return job

    def version(self, job_id: str, owner: str) -> tuple[int, Status]:
        """Version and state of the owner's job, without its payload."""
        found = self._store.jobs.version(job_id)
        if found is None:
            raise self._missing(job_id, owner)
        if found[0] != owner:
            raise NotAuthorized("Not authorized")
        return found[1], found[2]

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

    def present(self, job_ids: Collection[str]) -> list[Job]:
        """Those of the jobs that exist, whoever's they are: for viewers already let in."""
        return self._store.jobs.get_many(job_ids)

    def history(self, job_id: str, *, after: int) -> list[Event]:
        """A page of a job's events past number `after`: for viewers already let in."""
        return self._store.events.of_job(job_id, after=after)

    def happened(self, owners: Collection[str], *, after: int) -> Stretch:
        """What happened to these owners' jobs in the next stretch past this position."""
        return self._store.events.of_owners(owners, after)

    def last_position(self) -> int:
        """The position of what happened last, to whomever."""
        return self._store.events.last_position()

    def running(self, owners: Collection[str]) -> list[Job]:
        """The jobs that are running for these owners."""
        return self._store.jobs.running(owners)

    def estimates(self, jobs: Collection[Job]) -> dict[str, Estimate]:
        """How long these jobs may still take, by id; the store is asked for unfinished ones only."""
        unfinished = [job for job in jobs if not job.status.finished]
        return self._store.overview.estimates(unfinished, self._shared) if unfinished else {}

    def estimate(self, job: Job) -> Estimate:
        """How long this job may still take."""
        return self.estimates([job]).get(job.id, NO_ESTIMATE)

    def workers(self) -> list[WorkerLoad]:
        """The living workers, and what each of them runs."""
        return self._store.overview.workers()

    def depth(self) -> list[Depth]:
        """How many jobs of each operation wait or run."""
        return self._store.overview.depth()

    def ended(self) -> list[Ended]:
        """How jobs ended in each minute of the last hour."""
        return self._store.overview.ended()

    def why(self, job: Job, now: float) -> list[str]:
        """What the job waits for, in sentences."""
        return why(
            job,
            self.estimate(job),
            workers=self.workers(),
            paused=self.paused(),
            depth=self.depth(),
            limits=self._limits,
            now=now,
        )

    def meters(self) -> Meters:
        """What the store knows of itself and of all jobs."""
        return self._store.overview.meters()

    def loads(self) -> list[OwnerLoad]:
        """Who has the most unfinished jobs."""
        return self._store.overview.loads()

    def pause(self, operation: str) -> bool:
        """Begin no job of the operation from now on; what runs goes on. False if it was so."""
        return self._store.pauses.pause(self.registry.get(operation).name)

    def resume(self, operation: str) -> bool:
        """Begin jobs of the operation again; False if it was not paused."""
        resumed = self._store.pauses.resume(operation)
        self._engine.offer({operation})
        return resumed

    def paused(self) -> Mapping[str, float]:
        """The paused operations, and since when each is."""
        return self._store.pauses.all()

    def listen(self) -> Waiter:
        """Begin to hear when jobs change."""
        return self._store.bell.listen("news")

    def changed(self) -> bool:
        """True when somebody committed since this thread asked last, or nobody can tell."""
        return self._store.changed()

    def health(self) -> StoreHealth:
        """Facts about the store; raise `StoreError` when it cannot be written."""
        return self._store.health()

    def _missing(self, job_id: str, owner: str) -> HeadwayError:
        """Why there is no such job: told to its owner alone when it was pruned."""
        left = self._store.retention.tombstone(job_id)
        if left is None:
            return NotFound("Job not found")
        if left.owner != owner:
            return NotAuthorized("Not authorized")
        ended = datetime.fromtimestamp(left.completed_at, UTC).date()
        days = int((left.pruned_at - left.completed_at) // 86_400)
        return Gone(
            f"This job ended as {left.status} on {ended} and its history was removed after"
            f" {days} days"
        )

    def _pin(self, operation: Operation, body: bytes, owner: str) -> dict[str, str]:
        """The artefacts a job will use, by id: a new version made later changes nothing."""
        values = orjson.loads(body)
        pins = {}
        for name, kind in operation.references.items():
            told_as = operation.input.model_fields[name].serialization_alias or name
            if values.get(told_as) is None:
                continue
            try:
                found = self._catalog.meant(owner, kind, values[told_as])
            except UnknownArtifact as error:
                raise UnknownArtifact(str(error), pointer=f"/input/{told_as}") from None
            pins[name] = found if isinstance(found, str) else found.id
        return pins


YEAR_10000: Final = 253_402_300_800
"""The first second that no calendar of the standard library has."""


UNIQUE_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def _check_bounds(request: JobRequest) -> None:
    if not HIGHEST_PRIORITY <= request.priority <= LOWEST_PRIORITY:
        raise InvalidInput(
            f"expected a priority from {HIGHEST_PRIORITY} (first) to {LOWEST_PRIORITY} (last),"
            f" got: {request.priority}",
            pointer="/priority",
        )
    if request.run_at is not None and not 0 <= request.run_at < YEAR_10000:  # refuses nan too
        raise InvalidInput(
            f"expected run_at in seconds since 1970, before the year 10000, got: {request.run_at}",
            pointer="/run_at",
        )
    if request.timeout is not None and not 0 < request.timeout < inf:
        raise InvalidInput(
            f"expected a timeout above 0 seconds, got: {request.timeout}", pointer="/timeout"
        )
    if request.max_attempts is not None and not 1 <= request.max_attempts <= 100:
        raise InvalidInput(
            f"expected max_attempts from 1 to 100, got: {request.max_attempts}",
            pointer="/max_attempts",
        )
    if request.unique_key is not None and not UNIQUE_KEY.fullmatch(request.unique_key):
        raise InvalidInput(
            "expected a unique_key of 1 to 255 visible ASCII characters, got another",
            pointer="/unique_key",
        )
    try:
        orjson.dumps(request.metadata, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:  # else it would fail the group it is committed with
        raise InvalidInput(
            f"expected metadata that JSON can hold, got: {error}", pointer="/metadata"
        ) from None


def _validated(operation: Operation, value: Json) -> bytes:
    """The input as the operation's model understands it, as JSON."""
    try:
        return operation.input.model_validate(value).model_dump_json(by_alias=True).encode()
    except ValidationError as error:
        found = mistakes(error, "/input")
        detail = f"the input does not fit {operation.name}: {summary(found, '/input')}"
        raise InvalidInput(detail, errors=found) from None


def _key(request: JobRequest, body: bytes) -> IdempotencyKey:
    """The request's key with a fingerprint of all that makes it the same request."""
    rest = [
        request.operation,
        request.priority,
        request.run_at,
        request.timeout,
        request.max_attempts,
        dict(request.metadata),
    ]
    if request.unique_key is not None:  # not always: keys of before it existed are still known
        rest.append(request.unique_key)
    return IdempotencyKey(
        scope=request.scope,
        key=request.idempotency_key or "",
        fingerprint=sha256_of(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS) + body).hexdigest(),
    )
