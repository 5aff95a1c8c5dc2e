"""What a shard's report means for its parent, told in the same transaction.

Its progress and its counts are the sums over its shards. The last shard to be completed makes its
merge due; one that failed for good fails it, and cancels the others.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from headway.events import (
    Fact,
    LogLine,
    ShardChanged,
    ShardItemsPublished,
    ShardLogLine,
    StatusChanged,
)
from headway.job import Status
from headway.store.database import Database, Transaction
from headway.store.loads import Changes
from headway.store.paces import write_paces
from headway.store.shards import Numbered, cancel_shards, family_of
from headway.store.states import UNFINISHED
from headway.store.tallies import Tallies
from headway.store.values.attempts import Report


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What was written of a shard."""

    parent: str
    shard: int
    report: Report


def names_of_families(reports: Iterable[Report]) -> set[str]:
    """Those whose members one transaction at a time may change."""
    return {family_of(one.parent) for one in reports if one.parent is not None}


@dataclass(frozen=True, slots=True)
class Told:
    """What else has to be done for the parents."""

    facts: list[Numbered]
    """To be written as events."""
    failed: list[int]
    """Those that have ended, for those who must hear of it."""


def tell_parents(
    db: Database,
    tx: Transaction,
    told: Sequence[ShardReport],
    tallies: Tallies,
    loads: Changes,
    now: float,
) -> Told:
    """Bring the parents of these shards up to date."""
    by_parent = defaultdict(list)
    for one in told:
        by_parent[one.parent].append(one)
    found = Told([], [])
    for parent in sorted(by_parent):
        _tell(db, tx, parent, by_parent[parent], tallies, loads, now, found)
    return found


def refuse_stray(found: Collection[ShardReport]) -> None:
    """Raise `ValueError` for a report that does not name its parent: it holds no family."""
    if any(one.report.parent != one.parent for one in found):
        raise ValueError("expected the report of a shard to name its parent, got one that does not")


def _tell(
    db: Database,
    tx: Transaction,
    parent: str,
    told: Sequence[ShardReport],
    tallies: Tallies,
    loads: Changes,
    now: float,
    found: Told,
) -> None:
    facts = [fact for one in told for fact in _facts(one)]
    row = tx.row(
        "SELECT seq, lease_token, last_event, shards, operation, owner, started_at FROM jobs"  # nosec B608 - a lock
        f" WHERE id = :parent AND status = 'running' AND waiting_for = 'shards'{db.for_update}",
        {"parent": parent},
    )
    assert row is not None, "an unfinished shard has a parent that waits for it"
    seq, token, last_event, shards, operation, owner, started_at = row
    sums = _sums(tx, parent)
    failure = _failure(told, shards)
    fields = {**sums.fields(shards), "seq": seq, "now": now, "error": failure}
    if failure is not None:
        found.facts.extend(cancel_shards(db, tx, parent, failure, now))
        found.failed.append(seq)
        facts.append(StatusChanged(Status.FAILED, reason=failure))
        tallies.add(operation, Status.FAILED, "", now - started_at)
        loads.add(owner, unfinished=-1, active=-1)
        tx.run(_FAIL, fields | {"facts": len(facts)})
    elif sums.unfinished == 0:
        facts.append(StatusChanged(Status.PENDING, reason=f"its {shards} shards are to be merged"))
        tx.run(_MERGE, fields | {"facts": len(facts)})
    else:
        tx.run(_GO_ON, fields | {"facts": len(facts)})
        write_paces(tx, [Report(seq=seq, token=token, progress=sums.percent(shards))], now)
    found.facts.extend((seq, number, fact) for number, fact in enumerate(facts, last_event + 1))


_SUMS: Final = f"""
SELECT sum(progress), sum(succeeded), sum(failed), sum(total), count(total),
  sum(CASE WHEN {UNFINISHED} THEN 1 ELSE 0 END)
FROM jobs WHERE parent = :parent
"""  # nosec B608 - constants

_SET: Final = """
UPDATE jobs SET
  version = version + 1,
  last_event = last_event + :facts,
  progress = :progress,
  message = :message,
  total = coalesce(:total, total),
  succeeded = :succeeded,
  failed = :failed"""
_WAITING: Final = " WHERE seq = :seq AND status = 'running' AND waiting_for = 'shards'"

_GO_ON: Final = _SET + _WAITING
_MERGE: Final = f"{_SET}, status = 'pending', waiting_for = NULL{_WAITING}"
_FAIL: Final = (
    f"{_SET}, status = 'failed', waiting_for = NULL, completed_at = :now, error = :error{_WAITING}"
)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Over the shards of one parent."""

    progress: float
    succeeded: int
    failed: int
    total: int | None
    """Of those that know theirs."""
    counted: int
    """How many know theirs."""
    unfinished: int

    def percent(self, shards: int) -> float:
        """How far they are together."""
        return min(100.0, self.progress / shards)

    def fields(self, shards: int) -> dict[str, object]:
        """What the parent's row says of them."""
        return {
            "progress": self.percent(shards),
            "message": f"{shards - self.unfinished:,} of {shards:,} shards are done",
            "total": self.total if self.counted == shards else None,
            "succeeded": self.succeeded,
            "failed": self.failed,
        }


def _sums(tx: Transaction, parent: str) -> _Sums:
    row = tx.row(_SUMS, {"parent": parent})
    assert row is not None
    progress, succeeded, failed, total, counted, unfinished = row
    return _Sums(
        float(progress),
        int(succeeded),
        int(failed),
        None if total is None else int(total),
        int(counted),
        int(unfinished),
    )


def _failure(told: Sequence[ShardReport], shards: int) -> str | None:
    """The sentence of the first shard that failed for good."""
    for one in told:
        verdict = one.report.verdict
        if verdict is not None and verdict.status is Status.FAILED:
            return f"shard {one.shard + 1} of {shards} failed: {verdict.error}"
    return None


def _facts(one: ShardReport) -> list[Fact]:
    """What the parent's own history tells of a shard's report."""
    report, shard = one.report, one.shard
    facts: list[Fact] = [
        ShardLogLine(shard, fact.level, fact.message)
        for fact in report.facts
        if isinstance(fact, LogLine)
    ]
    facts += [
        ShardItemsPublished(shard, part.first, part.count, part.failed) for part in report.parts
    ]
    if report.verdict is not None:
        facts.append(ShardChanged(shard, report.verdict.status, report.verdict.error))
    return facts
