"""Fair order: jobs are claimed by (priority, turn, seq), and each owner takes one turn at a time.

A job that becomes due gets the turn now being served at its priority or the one after its
owner's last, whichever is later. So 10,000 jobs of one owner take 10,000 turns, and another
owner's single job, due a moment later, takes the very next.
"""

from collections.abc import Iterable, Sequence

from headway.store.database import Database, Transaction
from headway.store.rows import dumps


class Turns:
    """Gives out turns within one transaction; `save` writes what was given."""

    def __init__(self, db: Database, tx: Transaction, keys: Iterable[tuple[str, int]]) -> None:
        self._tx = tx
        self._serving: dict[int, int] = dict(tx.rows("SELECT priority, turn FROM serving"))
        wanted = db.rows_of({"owner": "text", "priority": "integer"})
        self._last: dict[tuple[str, int], int] = {
            (owner, priority): turn
            for owner, priority, turn in tx.rows(
                f"SELECT owner, priority, turn FROM turns JOIN {wanted} AS w USING (owner, priority)",
                {"rows": dumps(list(set(keys)))},
            )
        }
        self._given: dict[tuple[str, int], int] = {}

    def take(self, owner: str, priority: int) -> int:
        """The turn of the owner's next job at this priority."""
        key = (owner, priority)
        turn = max(self._serving.get(priority, 1), self._last.get(key, 0) + 1)
        self._last[key] = self._given[key] = turn
        return turn

    def save(self) -> None:
        """Remember the owners' last turns."""
        self._tx.run_many(
            "INSERT INTO turns (owner, priority, turn) VALUES (:owner, :priority, :turn)"
            " ON CONFLICT (owner, priority) DO UPDATE SET turn = excluded.turn"
            " WHERE turns.turn < excluded.turn",
            # In one order for all, so that no two transactions wait for each other.
            [{"owner": o, "priority": p, "turn": t} for (o, p), t in sorted(self._given.items())],
        )


def stage(db: Database, tx: Transaction, now: float, limit: int = 1000) -> int:
    """Give up to `limit` delayed jobs whose time has come their turns; the number staged."""
    due = tx.rows(
        "SELECT seq, owner, priority FROM jobs WHERE status = 'pending'"
        " AND waiting_for IN ('time', 'retry') AND run_at <= :now ORDER BY run_at LIMIT :limit"
        f"{db.skip_locked}",
        {"now": now, "limit": limit},
    )
    if not due:
        return 0
    turns = Turns(db, tx, [(owner, priority) for _, owner, priority in due])
    tx.run_many(
        "UPDATE jobs SET waiting_for = NULL, turn = :turn, version = version + 1 WHERE seq = :seq",
        [{"seq": seq, "turn": turns.take(owner, priority)} for seq, owner, priority in due],
    )
    turns.save()
    return len(due)


def serve(tx: Transaction, claimed: Sequence[tuple[int, int]]) -> None:
    """Move the turn being served on, from the (priority, turn) of the jobs just claimed."""
    latest: dict[int, int] = {}
    for priority, turn in claimed:
        latest[priority] = max(turn, latest.get(priority, 0))
    tx.run_many(
        "INSERT INTO serving (priority, turn) VALUES (:priority, :turn)"
        " ON CONFLICT (priority) DO UPDATE SET turn = excluded.turn"
        " WHERE serving.turn < excluded.turn",
        [{"priority": priority, "turn": turn} for priority, turn in sorted(latest.items())],
    )
