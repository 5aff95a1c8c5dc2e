"""Fair order: jobs are claimed by (priority, turn, seq), and each owner takes one turn at a time.

A job that becomes due gets the turn now being served at its priority or the one after its
owner's last, whichever is later. So 10,000 jobs of one owner take 10,000 turns, and another
owner's single job, due a moment later, takes the very next.
"""

from collections.abc import Iterable, Sequence

from headway.job import Waiting
from headway.limits import Limits
from headway.store.database import Database, Transaction
from headway.store.loads import make_due, owners_with_room, take_room
from headway.store.rows import dumps
from headway.store.states import DELAYED, HELD


class Turns:
    """Gives out turns within one transaction; `save` writes what was given."""

    def __init__(self, db: Database, tx: Transaction, keys: Iterable[tuple[str, int]]) -> None:
        self._tx = tx
        self._serving: dict[int, int] = dict(tx.rows("SELECT priority, turn FROM serving"))
        wanted = db.rows_of({"owner": "text", "priority": "integer"})
        self._last: dict[tuple[str, int], int] = {
            (owner, priority): turn
            for owner, priority, turn in tx.rows(
                f"SELECT owner, priority, turn FROM turns JOIN {wanted} AS w USING (owner, priority)",  # nosec B608 - `rows_of`
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


def stage(db: Database, tx: Transaction, now: float, limits: Limits, at_once: int = 1000) -> int:
    """Give up to `at_once` delayed jobs whose time has come their turns; the number staged."""
    due = tx.rows(
        f"SELECT seq, owner, priority, parent FROM jobs WHERE {DELAYED} AND run_at <= :now"  # nosec B608 - constants and a lock
        f" ORDER BY run_at LIMIT :limit{db.skip_locked}",
        {"now": now, "limit": at_once},
    )
    if not due:
        return 0
    # A shard is no load of its own: its job is counted for as long as any of them is unfinished.
    counted = [(seq, owner) for seq, owner, _, parent in due if parent is None]
    must_wait = make_due(tx, [owner for _, owner in counted], limits)
    held = {seq for (seq, _), waits in zip(counted, must_wait, strict=True) if waits}
    turns = Turns(db, tx, [(owner, priority) for _, owner, priority, _ in due])
    tx.run_many(
        "UPDATE jobs SET waiting_for = :waiting_for, turn = :turn, version = version + 1"
        " WHERE seq = :seq",
        [
            {
                "seq": seq,
                "waiting_for": Waiting.LIMIT if seq in held else None,
                "turn": 0 if seq in held else turns.take(owner, priority),
            }
            for seq, owner, priority, _ in due
        ],
    )
    turns.save()
    return len(due)


def let_in(db: Database, tx: Transaction, limits: Limits, at_once: int = 1000) -> None:
    """Give those jobs turns that waited for their owner's limit, where others have ended."""
    for owner, room in list(owners_with_room(tx, limits)):
        first = tx.rows(
            f"SELECT seq, priority FROM jobs WHERE {HELD} AND owner = :owner"  # nosec B608 - constants and a lock
            f" ORDER BY priority, seq LIMIT :room{db.skip_locked}",
            {"owner": owner, "room": min(room, at_once)},
        )
        if not first or not take_room(tx, owner, len(first), limits):
            continue  # another worker let them in just now
        turns = Turns(db, tx, [(owner, priority) for _, priority in first])
        tx.run_many(
            "UPDATE jobs SET waiting_for = NULL, turn = :turn, version = version + 1"
            " WHERE seq = :seq",
            [{"seq": seq, "turn": turns.take(owner, priority)} for seq, priority in first],
        )
        turns.save()


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
