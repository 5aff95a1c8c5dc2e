"""What a claim may not take although it is ready: paused operations, and limits of what runs."""

from dataclasses import replace

from headway.limits import Limits
from headway.store.database import Database, Transaction
from headway.store.pauses import paused_since
from headway.store.values.attempts import Want


def hold_caps(db: Database, tx: Transaction, limits: Limits) -> None:
    """Let one claim at a time count what runs, where that is limited."""
    if _limited(limits):
        db.hold(tx, ["running"])


def allowed(tx: Transaction, want: Want, limits: Limits) -> Want:
    """As much of the want as may be claimed now."""
    paused = paused_since(tx)
    if paused:
        want = replace(want, operations=[name for name in want.operations if name not in paused])
    if not _limited(limits):
        return want
    # Without those that wait for their shards: what has no slot must not keep its shards from one.
    running: dict[str, int] = dict(
        tx.rows(
            "SELECT operation, count(*) FROM jobs WHERE status = 'running' AND waiting_for IS NULL"
            " GROUP BY operation"
        )
    )
    total = sum(running.values())
    limit = want.limit if limits.running is None else min(want.limit, limits.running - total)
    fewer = {name: max(0, most - running.get(name, 0)) for name, most in limits.running_of.items()}
    return Want([name for name in want.operations if fewer.get(name, 1)], limit, fewer)


def _limited(limits: Limits) -> bool:
    return limits.running is not None or bool(limits.running_of)
