"""What tests do with a store, in few words: submit, join, claim, report, and let a lease lapse."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from headway.estimate import Estimate
from headway.events import Event
from headway.job import Job, Json
from headway.limits import UNLIMITED, Limits
from headway.retry import Backoff
from headway.store.contract import Store
from headway.store.sql_store import SqlStore
from headway.store.sqlite_driver import driver
from headway.store.values.attempts import Claim, Report, StoredCheckpoint, Want
from headway.store.values.submission import Added, IdempotencyKey, Submission
from headway.store.values.workers import WorkerInfo
from headway.verdict import Completed, Crashed, Failed, Outcome, Publication, decide

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = Backoff(base=0, cap=0)
"""Retries that are due when their verdict is written."""
LONG = 600.0
"""A lease that no test outlives."""

_numbers = count(1)


def submission(operation: str = "resize", owner: str = "ann", **fields: Any) -> Submission:
    """Somebody's wish for a job, complete."""
    return Submission(
        **{"id": str(uuid4()), "operation": operation, "owner": owner, "input": b"{}", **fields}
    )


def key(name: str, fingerprint: str = "same", scope: str = "/jobs") -> IdempotencyKey:
    """A client's name for a request."""
    return IdempotencyKey(scope=scope, key=name, fingerprint=fingerprint)


def add_all(store: Store, submissions: Sequence[Submission]) -> list[Job]:
    """Make these jobs, all of them new."""
    added = store.jobs.add(submissions)
    assert all(isinstance(one, Added) and not one.replayed for one in added)
    return [one.job for one in added if isinstance(one, Added)]


def add(store: Store, operation: str = "resize", owner: str = "ann", **fields: Any) -> Job:
    """Make one job."""
    (job,) = add_all(store, [submission(operation, owner, **fields)])
    return job


def join(store: Store, *, lease: float = LONG, place: str | None = None) -> str:
    """Begin a worker's lease; the worker's id."""
    worker = f"worker-{next(_numbers)}-{uuid4().hex[:6]}"
    info = WorkerInfo(id=worker, host="here", pid=os.getpid(), slots=4, place=place)
    store.workers.join(info, lease)
    return worker


def lapse(store: Store, worker: str) -> None:
    """Let a worker's lease end now: its last beat asks for no time."""
    assert store.workers.beat(worker, 0.0)


def claims(
    store: Store, worker: str, limit: int = 100, *operations: str, limits: Limits = UNLIMITED
) -> list[Claim]:
    """What the worker gets when it wants up to `limit` jobs."""
    return store.attempts.claim(worker, [Want(operations or ("resize",), limit)], limits)


def claim(store: Store, worker: str | None = None, *operations: str) -> Claim:
    """The most urgent job, for this worker or a new one."""
    (found,) = claims(store, worker or join(store), 1, *operations)
    return found


def report(store: Store, of: Claim, **fields: Any) -> bool:
    """Write what an attempt has to tell; whether the claim held."""
    written = store.attempts.record(
        [Report(seq=of.job.seq, token=of.token, parent=of.job.parent, **fields)]
    )
    assert written <= {(of.job.seq, of.token)}
    return bool(written)


def conclude(store: Store, of: Claim, outcome: Outcome, backoff: Backoff = AT_ONCE) -> bool:
    """Write the verdict on an attempt; whether the claim held."""
    job = store.jobs.get(of.job.id)
    assert job is not None
    return report(store, of, verdict=decide(outcome, job, backoff))


def complete(store: Store, of: Claim, result: Json = None) -> bool:
    """The operation returned."""
    return conclude(store, of, Completed(result))


def fail(store: Store, of: Claim, error: str = "it broke", *, retryable: bool = True) -> bool:
    """The operation raised."""
    return conclude(store, of, Failed(error, retryable))


def crash(store: Store, of: Claim) -> bool:
    """The child died."""
    return conclude(store, of, Crashed("killed"))


def checkpoint(number: int, token: int = 0, items: int = 0, **state: Json) -> StoredCheckpoint:
    """What an attempt saves; its token is the report's, whatever stands here."""
    return StoredCheckpoint(
        number=number, state=state or {"row": number}, attempt_token=token, items=items
    )


def publication(name: str, kind: str = "model", **fields: Any) -> Publication:
    """A file that is made known."""
    defaults: Mapping[str, Any] = {"path": f"{kind}s/{name}", "sha256": "0" * 64, "size": 1}
    return Publication(
        **{"id": str(uuid4()), "kind": kind, "name": name, "meta": {}, **defaults, **fields}
    )


def now_of(store: Store, job: Job) -> Job:
    """The job as it is now."""
    found = store.jobs.get(job.id)
    assert found is not None
    return found


def estimates(store: Store, jobs: Collection[Job], *shared: str) -> dict[str, Estimate]:
    """How long these jobs may still take, by one look at the store; nothing of the others."""
    outlook = store.overview.outlook(shared)
    found = {job.id: outlook.of(job, outlook.at) for job in jobs}
    return {job_id: estimate for job_id, estimate in found.items() if estimate is not None}


def told(store: Store, job: Job) -> list[Event]:
    """Everything that happened to the job."""
    return store.events.of_job(job.id, limit=100_000)


def loads(store: Store) -> dict[str, tuple[int, int]]:
    """Of each owner with such, how many jobs have not ended, and how many of those are ready or
    running: as the store counts them for its limits."""
    assert isinstance(store, SqlStore)
    with store._database.read() as tx:  # noqa: SLF001 - nobody asks for them, all limits rest on them
        rows = tx.rows("SELECT owner, unfinished, active FROM loads WHERE unfinished > 0")
    return {owner: (unfinished, active) for owner, unfinished, active in rows}


def everything(store: Store, job: Job) -> object:
    """All that can be read of a job: equal before and after what must change nothing."""
    return (
        store.jobs.get(job.id),
        store.jobs.version(job.id),
        store.jobs.input(job.id),
        store.jobs.parts(job.id),
        store.jobs.attempts(job.id),
        told(store, job),
        store.artifacts.find(job.owner, "model"),
        store.artifacts.find(job.owner, "dataset"),
        store.events.last_position(),
    )


def start_python(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """A Python process that runs `script`; its pipes are text, its errors ours."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def pinned(data_dir: Path) -> Iterator[None]:
    """A reader of a SQLite store that holds a transaction open, so that its log cannot shrink.

    With the store's own driver: two copies of SQLite in one process do not see each other's locks.
    """
    with closing(driver.connect(data_dir / "headway.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchone()
        yield
