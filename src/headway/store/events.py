"""What happened, in order: rows that are only ever added."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Final

from headway.events import Event, Fact, OwnedEvent, StatusChanged, Stretch
from headway.store.database import Database, Row, Transaction
from headway.store.rows import dumps, loads

_COLUMNS: Final = "position, jobs.id, number, kind, at, data"


def write_facts(tx: Transaction, at: float, facts: Iterable[tuple[int, int, Fact]]) -> None:
    """Write facts as events: (job's seq, event's number, fact) each."""
    tx.run_last(
        "INSERT INTO events (job, number, kind, at, data) VALUES (:job, :number, :kind, :at, :data)",
        [
            {"job": seq, "number": number, "kind": fact.kind, "at": at, "data": _data(fact)}
            for seq, number, fact in facts
        ],
    )


def _data(fact: Fact) -> str:
    short = isinstance(fact, StatusChanged) and len(fact.reason or "") <= _SHORT
    return _encoded_before(fact) if short else _encode(fact)


_SHORT: Final = 100
"""Characters of a reason that thousands of jobs may share."""


@lru_cache(maxsize=1_000)
def _encoded_before(fact: Fact) -> str:
    """What `_encode` gives: thousands of jobs change their state in the same few words."""
    return _encode(fact)


def _encode(fact: Fact) -> str:
    return dumps({one.name: getattr(fact, one.name) for one in fields(fact)})


class SqlEvents:
    """See `store.contract.Events`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def after(self, position: int, *, owner: str | None = None, limit: int = 1000) -> list[Event]:
        """See `Events.after`."""
        mine = "" if owner is None else " AND jobs.owner = :owner"
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {_COLUMNS} FROM events JOIN jobs ON jobs.seq = events.job"  # nosec B608 - constants and names that stand in the code
                f" WHERE position > :position{mine} ORDER BY position LIMIT :limit",
                {"position": position, "owner": owner, "limit": limit},
            )
        return [_event_from_row(row) for row in rows]

    def of_job(
        self, job_id: str, *, after: int = 0, kinds: Collection[str] = (), limit: int = 1000
    ) -> list[Event]:
        """See `Events.of_job`."""
        wanted = self._db.rows_of({"kind": "text"})
        only = f" AND kind IN (SELECT kind FROM {wanted} AS w)" if kinds else ""  # nosec B608 - `rows_of`
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {_COLUMNS} FROM jobs JOIN events ON events.job = jobs.seq"  # nosec B608 - constants and names that stand in the code
                f" WHERE jobs.id = :id AND number > :after{only} ORDER BY number LIMIT :limit",
                {
                    "id": job_id,
                    "after": after,
                    "rows": dumps([[kind] for kind in kinds]),
                    "limit": limit,
                },
            )
        return [_event_from_row(row) for row in rows]

    def of_jobs(self, past: Mapping[str, int]) -> list[Event]:
        """See `Events.of_jobs`."""
        named = self._db.rows_of({"named": "text", "past": "integer"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {_COLUMNS} FROM {named} AS n JOIN jobs ON jobs.id = n.named"  # nosec B608 - constants and `rows_of`
                " JOIN events ON events.job = jobs.seq AND number > n.past"
                " ORDER BY events.job, number",
                {"rows": dumps(list(past.items()))},
            )
        return [_event_from_row(row) for row in rows]

    def of_owners(self, owners: Collection[str], position: int, *, scan: int = 1000) -> Stretch:
        """See `Events.of_owners`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            row = tx.row(
                "SELECT count(*), max(position) FROM (SELECT position FROM events"
                " WHERE position > :position ORDER BY position LIMIT :scan) AS next",
                {"position": position, "scan": scan},
            )
            count, reached = row or (0, None)
            rows = tx.rows(
                f"SELECT {_COLUMNS}, owner, progress FROM events"  # nosec B608 - constants and `rows_of`
                " JOIN jobs ON jobs.seq = events.job"
                " WHERE position > :position AND position <= :reached"
                f" AND owner IN (SELECT wanted FROM {wanted} AS w) AND parent IS NULL"
                " ORDER BY position",
                {
                    "position": position,
                    "reached": reached or position,
                    "rows": dumps([[owner] for owner in owners]),
                },
            )
        events = [OwnedEvent(_event_from_row(row[:-2]), row[-2], row[-1]) for row in rows]
        return Stretch(events, reached or position, last=count < scan)

    def last_position(self) -> int:
        """See `Events.last_position`."""
        with self._db.read() as tx:
            return int(tx.value("SELECT max(position) FROM events") or 0)


def _event_from_row(row: Row) -> Event:
    position, job_id, number, kind, at, data = row
    return Event(
        position=position, job_id=job_id, number=number, kind=kind, at=at, data=loads(data)
    )
