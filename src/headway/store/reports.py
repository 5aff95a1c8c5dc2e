"""What attempts report, written in one transaction; a report whose claim was lost writes nothing."""

from collections.abc import Sequence
from typing import Final

from headway.events import CheckpointSaved, Fact, ItemsPublished, Resumed, StatusChanged
from headway.job import Status
from headway.store.alias_guards import unless_moved
from headway.store.artifacts import insert_artifact, name_of
from headway.store.database import Database, Row, Transaction
from headway.store.families import names_of_families
from headway.store.group import Group, Held
from headway.store.paces import write_paces
from headway.store.redo import replaced_counts, write_parts
from headway.store.rewind import rewind, undone_counts
from headway.store.rows import dumps
from headway.store.values.attempts import KEPT_CHECKPOINTS, Report
from headway.verdict import Verdict

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
WHERE jobs.seq = r.seq AND jobs.lease_token = r.token AND {those}
  AND coalesce(jobs.status = 'running', FALSE)
RETURNING jobs.seq, jobs.lease_token, jobs.last_event, jobs.worker, jobs.claimed_at, jobs.owner,
  jobs.operation, jobs.parent, jobs.shard,
  CASE WHEN jobs.shards IS NULL THEN jobs.claimed_at ELSE jobs.started_at END
"""
"""The jobs are looked up by number, whatever a planner thinks of the table. The state is within a
function so that the index of what runs, which has all that ran since the last vacuum, is of no use."""


def write_reports(
    db: Database, tx: Transaction, reports: Sequence[Report], now: float
) -> set[tuple[int, int]]:
    """Write the reports whose claims hold and answer those (seq, token)."""
    db.hold(tx, _published_names(reports) | names_of_families(reports))
    judged = [unless_moved(tx, one) for one in reports]
    told = {(one.seq, one.token): (one, _facts(one)) for one in judged}
    if len(told) != len(reports):  # one would be written and the other lost without a word
        raise ValueError("expected one report of each attempt, got two of one; add them up first")
    held = [Held(*row) for row in _update_jobs(db, tx, list(told.values()), now)]
    group = Group(now)
    for one in held:
        report, facts = told[one.seq, one.token]
        _write_files(tx, report, one.owner, now)
        group.take(one, report, facts)
    group.write(db, tx)
    write_paces(tx, [told[one.seq, one.token][0] for one in held], now)
    return {(one.seq, one.token) for one in held}


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
            those = db.among("jobs.seq", f"SELECT seq FROM {db.rows_of({'seq': 'bigint'})} AS s")  # nosec B608 - `rows_of`
            sql = update + _HELD.format(rows=db.rows_of(fields), those=those)
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
    """Take back what a rewind undoes, and publish what the attempt left on disk: parts of item
    results, a checkpoint, artefacts."""
    if report.rewind is not None:
        rewind(tx, report.seq, report.rewind)
    if report.parts:
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
