"""What the reports of one transaction come to beside their jobs' own rows: facts, ended attempts,
counts, families and notices."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from headway.events import Fact
from headway.job import Status
from headway.store.database import Database, Transaction
from headway.store.events import write_facts
from headway.store.families import ShardReport, refuse_stray, tell_parents
from headway.store.loads import Changes
from headway.store.notices import announce
from headway.store.shards import begin_shards
from headway.store.tallies import Tallies
from headway.store.values.attempts import Report
from headway.store.values.meters import Incident
from headway.verdict import Usage, Verdict


class Held(NamedTuple):
    """A job whose claim held, as its report has left it."""

    seq: int
    token: int
    last_event: int
    worker: str
    claimed_at: float
    owner: str
    operation: str
    parent: str | None
    shard: int
    """Which one of its parent's; of no meaning without one."""
    began: float
    """When its work began; of a job that was split, before its shards."""


class Group:
    """What the reports of one transaction come to beside their jobs' own rows."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._facts: list[tuple[int, int, Fact]] = []
        self._attempts: list[dict[str, object]] = []
        self._finished: list[int] = []
        self._of_shards: list[ShardReport] = []
        self._split: list[tuple[str, int, Verdict]] = []
        self._tallies = Tallies(now)
        self._loads = Changes()

    def take(self, held: Held, report: Report, facts: Sequence[Fact]) -> None:
        """Add what one attempt said."""
        first = held.last_event - len(facts) + 1
        self._facts += [(held.seq, number, fact) for number, fact in enumerate(facts, first)]
        if held.parent is not None:
            self._of_shards.append(ShardReport(held.parent, held.shard, report))
        if report.verdict is not None:
            self._judge(held, report, report.verdict)

    def _judge(self, held: Held, report: Report, verdict: Verdict) -> None:
        _count_incident(self._tallies, verdict, held.operation, held.worker)
        if verdict.shards:
            self._split.append((held.owner, held.seq, verdict))
        if held.parent is None:  # shards count as nothing of their own
            self._count(held, verdict)
        if not _told_by_job(verdict):
            row = _attempt_row(report, verdict, held.worker, held.claimed_at, self._now)
            self._attempts.append(row)

    def _count(self, held: Held, verdict: Verdict) -> None:
        if verdict.status.finished:
            seconds = self._now - held.began
            self._tallies.add(held.operation, verdict.status, held.worker, seconds)
            self._finished.append(held.seq)
            self._loads.add(held.owner, unfinished=-1, active=-1)
        elif verdict.delay is not None:
            self._loads.add(held.owner, active=-1)

    def write(self, db: Database, tx: Transaction) -> None:
        """Write it all: families, loads and notices first, and the facts they add with the rest."""
        refuse_stray(self._of_shards)
        parents = tell_parents(db, tx, self._of_shards, self._tallies, self._loads, self._now)
        self._facts += parents.facts
        self._loads.save(tx)
        announce(db, tx, [*self._finished, *parents.failed], self._now)
        # Their turns after all loads, and owner by owner, as in every transaction that changes both.
        for _, seq, verdict in sorted(self._split, key=lambda one: one[:2]):
            self._facts += begin_shards(db, tx, seq, verdict.shards, self._now)
        write_facts(tx, self._now, self._facts)
        tx.run_many(_INSERT_ATTEMPT, self._attempts)
        self._tallies.save(tx)


_INCIDENTS: Final = {"crashed": Incident.CRASH, "interrupted": Incident.INTERRUPTION}


def _count_incident(tallies: Tallies, verdict: Verdict, operation: str, worker: str) -> None:
    incident = _INCIDENTS.get(verdict.reason)
    if verdict.reason == "failed" and not verdict.status.finished:
        incident = Incident.RETRY
    if incident is not None:
        tallies.add(operation, incident, worker)


def _told_by_job(verdict: Verdict) -> bool:
    """True when the job's own row says all there is to say about its last attempt."""
    return verdict.status is Status.COMPLETED and verdict.usage == _UNKNOWN_USAGE


_UNKNOWN_USAGE: Final = Usage()


_INSERT_ATTEMPT: Final = (
    "INSERT INTO attempts (job, token, worker, started_at, ended_at, reason, error, traceback,"
    " peak_memory, cpu_seconds) VALUES (:job, :token, :worker, :started_at, :ended_at, :reason,"
    " :error, :traceback, :peak_memory, :cpu_seconds)"
)


def _attempt_row(
    report: Report, verdict: Verdict, worker: str, claimed_at: float, now: float
) -> dict[str, object]:
    return {
        "job": report.seq,
        "token": report.token,
        "worker": worker,
        "started_at": claimed_at,
        "ended_at": now,
        "reason": verdict.reason,
        "error": verdict.error,
        "traceback": verdict.traceback,
        "peak_memory": verdict.usage.peak_memory,
        "cpu_seconds": verdict.usage.cpu_seconds,
    }
