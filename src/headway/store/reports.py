"""What attempts report, written in one transaction; a report whose claim was lost writes nothing."""

from collections.abc import Sequence
from typing import Final

from headway.events import CheckpointSaved, Fact, ItemsPublished, Resumed, StatusChanged
from headway.job import Status, Usage, Verdict
from headway.store.alias_guards import unless_moved
from headway.store.artifacts import insert_artifact, name_of
from headway.store.database import Database, Row, Transaction
from headway.store.events import write_facts
from headway.store.families import (
    ShardReport,
    names_of_families,
    refuse_stray,
    tell_parents,
)
from headway.store.loads import Changes
from headway.store.notices import announce
from headway.store.paces import write_paces
from headway.store.redo import replaced_counts, write_parts
from headway.store.rewind import rewind, undone_counts
from headway.store.rows import dumps
from headway.store.shards import begin_shards
from headway.store.tallies import Tallies
from headway.store.values import Incident, Report

KEPT_CHECKPOINTS: Final = 2
"""The newest, and the one before in case the newest cannot be read."""

_FIELDS: Final = {
    "seq": "bigint", "token": "integer", "facts": "integer", "progress": "double precision",
    "message": "text", "total": "integer", "succeeded": "integer", "failed": "integer",
    "saved": "integer", "resumed_from": "text", "status": "text", "error": "text",
    "result": "text", "delay": "double precision", "failures": "integer", "crashes": "integer",
    "interruptions": "integer",
}  # fmt: skip
_COMPLETE_FIELDS: Final = {"seq": "bigint", "token": "integer", "result": "text"}

_UPDATE: Final = """
UPDATE jobs SET
  version = jobs.version + 1,
  last_event = jobs.last_event + r.facts,
  progress = CASE r.status WHEN 'completed' THEN 100 ELSE coalesce(r.progress, jobs.progress) END,
  message = coalesce(r.message, jobs.message),
  total = coalesce(r.total, jobs.total),
  succeeded = jobs.succeeded + r.succeeded,
  failed = jobs.failed + r.failed,
  resumed_from = coalesce(r.resumed_from, jobs.resumed_from),
  attempt = jobs.attempt + r.failures,
  crashes = jobs.crashes + r.crashes,
  interruptions = jobs.interruptions + r.interruptions,
  crashes_in_a_row = CASE r.saved WHEN 1 THEN 0 ELSE jobs.crashes_in_a_row END + r.crashes,
  interruptions_in_a_row =
    CASE r.saved WHEN 1 THEN 0 ELSE jobs.interruptions_in_a_row END + r.interruptions,
  status = coalesce(r.status, jobs.status),
  waiting_for = CASE WHEN r.delay IS NULL THEN NULL ELSE 'retry' END,
  run_at = CASE WHEN r.delay IS NULL THEN jobs.run_at ELSE :now + r.delay END,
  completed_at = CASE WHEN r.status IN ('completed', 'failed') THEN :now END,
  error = CASE WHEN r.status IS NULL THEN jobs.error ELSE r.error END,
  result = coalesce(r.result, jobs.result)
"""

_COMPLETE: Final = """
UPDATE jobs SET
  version = jobs.version + 1,
  last_event = jobs.last_event + 1,
  progress = 100,
  status = 'completed',
  waiting_for = NULL,
  completed_at = :now,
  error = NULL,
  result = r.result
"""
"""What `_UPDATE` comes to for the verdict alone: most reports of short jobs, at half the cost."""

_HELD: Final = """
FROM {rows} AS r
WHERE jobs.seq = r.seq AND jobs.lease_token = r.token AND jobs.status = 'running'
RETURNING jobs.seq, jobs.lease_token, jobs.last_event, jobs.worker, jobs.claimed_at, jobs.owner,
  jobs.operation, jobs.parent, jobs.shard,
  CASE WHEN jobs.shards IS NULL THEN jobs.claimed_at ELSE jobs.started_at END
"""


def write_reports(
    db: Database, tx: Transaction, reports: Sequence[Report], now: float
) -> set[tuple[int, int]]:
    """Write the reports whose claims hold and answer those (seq, token)."""
    db.hold(tx, _published_names(reports) | names_of_families(reports))
    judged = [unless_moved(tx, one) for one in reports]
    told = {(one.seq, one.token): (one, _facts(one)) for one in judged}
    if len(told) != len(reports):  # one would be written and the other lost without a word
        raise ValueError("expected one report of each attempt, got two of one; add them up first")
    held = _update_jobs(db, tx, list(told.values()), now)
    numbered: list[tuple[int, int, Fact]] = []
    ended: list[dict[str, object]] = []
    finished: list[int] = []
    of_shards: list[ShardReport] = []
    split: list[tuple[str, Report]] = []
    tallies, loads = Tallies(now), Changes()
    for seq, token, last_event, worker, claimed_at, owner, operation, parent, shard, began in held:
        report, facts = told[seq, token]
        if report.rewind is not None:
            rewind(tx, seq, report.rewind)
        numbered += [(seq, n, fact) for n, fact in enumerate(facts, last_event - len(facts) + 1)]
        if report.parts or report.checkpoint or (report.verdict and report.verdict.publications):
            _write_files(tx, report, owner, now)
        if parent is not None:
            of_shards.append(ShardReport(parent, shard, report))
        if report.verdict is None:
            continue
        _count_incident(tallies, report.verdict, operation, worker)
        if report.verdict.shards:
            split.append((owner, report))
        if report.verdict.status.finished and parent is None:
            tallies.add(operation, report.verdict.status, worker, now - began)
            finished.append(seq)
            loads.add(owner, unfinished=-1, active=-1)
        elif report.verdict.delay is not None and parent is None:
            loads.add(owner, active=-1)
        if not _told_by_job(report.verdict):
            ended.append(_attempt_row(report, report.verdict, worker, claimed_at, now))
    refuse_stray(of_shards)
    told_parents = tell_parents(db, tx, of_shards, tallies, loads, now)
    numbered += told_parents.facts
    finished += told_parents.failed
    loads.save(tx)
    announce(db, tx, finished, now)
    # Their turns after all loads, and owner by owner, as in every transaction that changes both.
    for _, report in sorted(split, key=lambda one: (one[0], one[1].seq)):
        assert report.verdict is not None
        numbered += begin_shards(db, tx, report.seq, report.verdict.shards, now)
    write_facts(tx, now, numbered)
    tx.run_many(_INSERT_ATTEMPT, ended)
    write_paces(tx, [told[row[0], row[1]][0] for row in held], now)
    tallies.save(tx)
    return {(row[0], row[1]) for row in held}


_INCIDENTS: Final = {"crashed": Incident.CRASH, "interrupted": Incident.INTERRUPTION}


def _count_incident(tallies: Tallies, verdict: Verdict, operation: str, worker: str) -> None:
    incident = _INCIDENTS.get(verdict.reason)
    if verdict.reason == "failed" and not verdict.status.finished:
        incident = Incident.RETRY
    if incident is not None:
        tallies.add(operation, incident, worker)


def _published_names(reports: Sequence[Report]) -> set[str]:
    """Those whose versions and aliases one transaction at a time may give."""
    return {
        name_of(publication)
        for report in reports
        if report.verdict is not None
        for publication in report.verdict.publications
    }


def _update_jobs(
    db: Database, tx: Transaction, told: Sequence[tuple[Report, list[Fact]]], now: float
) -> list[Row]:
    """Change the rows of the jobs whose claims hold, and answer those."""
    plain, rest = [], []
    for report, facts in told:
        if _only_completed(report):
            plain.append([report.seq, report.token, _result(report.verdict)])
        else:
            rest.append(_row(tx, report, len(facts)))
    held = []
    for update, fields, rows in (
        (_COMPLETE, _COMPLETE_FIELDS, plain),
        (_UPDATE, _FIELDS, rest),
    ):
        if rows:
            sql = update + _HELD.format(rows=db.rows_of(fields))
            held += tx.rows(sql, {"now": now, "rows": dumps(rows)})
    return held


def _only_completed(report: Report) -> bool:
    verdict = report.verdict
    return (
        verdict is not None
        and verdict.status is Status.COMPLETED
        and not (report.facts or report.parts or report.checkpoint)
        and report.resumed_from is None
        and report.rewind is None
        and report.parent is None
        and report.message is None
        and report.total is None
    )


def _told_by_job(verdict: Verdict) -> bool:
    """True when the job's own row says all there is to say about its last attempt."""
    return verdict.status is Status.COMPLETED and verdict.usage == _UNKNOWN_USAGE


_UNKNOWN_USAGE: Final = Usage()


def _row(tx: Transaction, report: Report, facts: int) -> list[object]:
    verdict = report.verdict
    succeeded, failed = _gained_counts(tx, report)
    return [
        report.seq,
        report.token,
        facts,
        None if report.progress is None else min(max(report.progress, 0.0), 100.0),
        report.message,
        report.total,
        succeeded,
        failed,
        int(report.checkpoint is not None),
        None if report.resumed_from is None else dumps(report.resumed_from),
        *((None,) * 4 if verdict is None else _verdict_fields(verdict)),
        0 if verdict is None else verdict.failures,
        0 if verdict is None else verdict.crashes,
        0 if verdict is None else verdict.interruptions,
    ]


def _gained_counts(tx: Transaction, report: Report) -> tuple[int, int]:
    """By how much the job's succeeded and failed items change; below 0 after a rewind,
    and where items that failed were tried again."""
    succeeded = sum(part.count - part.failed for part in report.parts)
    failed = sum(part.failed for part in report.parts)
    replaced = replaced_counts(tx, report)
    succeeded, failed = succeeded - replaced[0], failed - replaced[1]
    if report.rewind is not None:
        undone = undone_counts(tx, report.seq, report.rewind)
        return succeeded - undone[0], failed - undone[1]
    return succeeded, failed


def _verdict_fields(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.status, verdict.error, _result(verdict), verdict.delay)


def _result(verdict: Verdict | None) -> str | None:
    return None if verdict is None or verdict.result is None else dumps(verdict.result)


def _facts(report: Report) -> list[Fact]:
    """Everything the report tells, in the order it happened."""
    facts: list[Fact] = [] if report.resumed_from is None else [Resumed(report.resumed_from)]
    facts += report.facts
    facts += [ItemsPublished(part.first, part.count, part.failed) for part in report.parts]
    if report.checkpoint is not None:
        facts.append(CheckpointSaved(report.checkpoint.number))
    if report.verdict is not None:
        facts.append(StatusChanged(report.verdict.status, reason=_reason(report.verdict)))
    return facts


def _reason(verdict: Verdict) -> str | None:
    return f"split into {len(verdict.shards)} shards" if verdict.shards else verdict.error


def _write_files(tx: Transaction, report: Report, owner: str, now: float) -> None:
    """Publish what the attempt left on disk: parts of item results, a checkpoint, artefacts."""
    write_parts(tx, report.seq, report.parts)
    if report.checkpoint is not None:
        _write_checkpoint(tx, report, now)
    if report.verdict is not None:
        for publication in report.verdict.publications:
            insert_artifact(tx, owner, publication, now, report.seq)


def _write_checkpoint(tx: Transaction, report: Report, now: float) -> None:
    saved = report.checkpoint
    assert saved is not None
    tx.run(
        "INSERT INTO checkpoints (job, number, token, state, path, sha256, items, at)"
        " VALUES (:job, :number, :token, :state, :path, :sha256, :items, :at)",
        {
            "job": report.seq,
            "number": saved.number,
            "token": report.token,
            "state": dumps(saved.state),
            "path": saved.path,
            "sha256": saved.sha256,
            "items": saved.items,
            "at": now,
        },
    )
    tx.run(
        "DELETE FROM checkpoints WHERE job = :job AND number <= :number",
        {"job": report.seq, "number": saved.number - KEPT_CHECKPOINTS},
    )


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
