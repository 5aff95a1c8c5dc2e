"""Aliases that may only move from where they were when somebody judged: the last look before they do."""

from dataclasses import replace

from headway.job import Status
from headway.store.database import Row, Transaction
from headway.store.values.attempts import Report
from headway.verdict import Publication, Verdict


def unless_moved(tx: Transaction, report: Report) -> Report:
    """The report; if an alias is elsewhere than the attempt was told, it is one of a failure, and
    nothing is published. Nobody else moves an alias of that name before this transaction ends."""
    verdict = report.verdict
    if verdict is None or verdict.status is not Status.COMPLETED:
        return report
    for publication in verdict.publications:
        if publication.alias is None or publication.alias_from is None:
            continue
        row = _where(tx, report.seq, publication)
        if ([] if row is None else [row[0]]) != list(publication.alias_from):
            failed = Verdict(
                status=Status.FAILED,
                reason="failed",
                error=_moved(publication, None if row is None else row[1]),
                failures=1,
                usage=verdict.usage,
            )
            return replace(report, verdict=failed)
    return report


def _where(tx: Transaction, seq: int, publication: Publication) -> Row | None:
    """Id and version of what the alias points to."""
    return tx.row(
        "SELECT artifacts.id, artifacts.version FROM aliases"
        " JOIN artifacts ON artifacts.seq = aliases.artifact"
        " JOIN jobs ON jobs.owner = aliases.owner"
        " WHERE jobs.seq = :seq AND aliases.kind = :kind AND aliases.name = :name"
        " AND aliases.alias = :alias",
        {
            "seq": seq,
            "kind": publication.kind,
            "name": publication.name,
            "alias": publication.alias,
        },
    )


def _moved(publication: Publication, version: int | None) -> str:
    before = "where it was when this was asked for" if publication.alias_from else "new"
    here = "none" if version is None else f"version {version}"
    return (
        f"expected {publication.alias!r} of {publication.name} to be {before}, got {here}: somebody"
        " moved it meanwhile, and it stays there; look at it, then promote again"
    )
