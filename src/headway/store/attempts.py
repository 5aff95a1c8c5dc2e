"""Jobs as workers see them: claims, and the reports that only a claim's holder may write."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from headway.events import StatusChanged
from headway.job import Job, Status
from headway.limits import UNLIMITED, Limits
from headway.store.artifacts import find_artifact
from headway.store.caps import allowed, hold_caps
from headway.store.database import Database, Row, Transaction
from headway.store.events import write_facts
from headway.store.loads import owners_with_room
from headway.store.redo import to_redo
from headway.store.repeat import repeating
from headway.store.reports import write_reports
from headway.store.rows import JOB_COLUMNS, JOB_WIDTH, dumps, job_from_row, loads
from headway.store.shards import shard_results
from headway.store.states import DELAYED, READY
from headway.store.tallies import Tallies
from headway.store.turns import let_in, serve, stage
from headway.store.values.artifacts import StoredArtifact
from headway.store.values.attempts import Claim, Report, StoredCheckpoint, Want
from headway.store.values.meters import Incident


@repeating
class SqlAttempts:
    """See `store.contract.Attempts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(self, worker: str, wants: Sequence[Want], limits: Limits = UNLIMITED) -> list[Claim]:
        """See `Attempts.claim`."""
        if not self._anything(wants, limits):
            return []
        with self._db.write() as tx:
            hold_caps(self._db, tx, limits)
            now = self._db.now(tx)
            if not _lease_holds(tx, worker, now):
                return []
            stage(self._db, tx, now, limits)
            let_in(self._db, tx, limits)
            claims: list[Claim] = []
            turns: list[tuple[int, int]] = []
            for one in wants:  # each takes before the next looks: both may want one operation
                rows, now = self._take(tx, worker, allowed(tx, one, limits), now)
                claims += [_claim_from_row(tx, row, now) for row in rows]
                turns += [_turn(row) for row in rows]
            if not claims:
                return []
            serve(tx, turns)
            write_facts(tx, now, ((c.job.seq, c.job.last_event, _started(c.job)) for c in claims))
            tallies = Tallies(now)
            for name, count in Counter(claim.job.operation for claim in claims).items():
                tallies.add(name, Incident.CLAIM, worker, times=count)
            tallies.save(tx)
            return claims

    def record(self, reports: Sequence[Report]) -> set[tuple[int, int]]:
        """See `Attempts.record`."""
        if not reports:
            return set()
        with self._db.write() as tx:
            return write_reports(self._db, tx, reports, self._db.now(tx))

    def held(self, worker: str) -> set[tuple[int, int]]:
        """See `Attempts.held`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT seq, lease_token FROM jobs WHERE worker = :worker AND status = 'running'",
                {"worker": worker},
            )
        return {(seq, token) for seq, token in rows}

    def next_due_in(self) -> float | None:
        """See `Attempts.next_due_in`."""
        with self._db.read() as tx:
            due = tx.value(f"SELECT min(run_at) FROM jobs WHERE {DELAYED}")  # nosec B608 - constants
            return None if due is None else max(0.0, due - self._db.now(tx))

    def _anything(self, wants: Sequence[Want], limits: Limits) -> bool:
        """Whether a claim is worth a write transaction."""
        with self._db.read() as tx:
            for one in wants:
                want = allowed(tx, one, limits)
                if want.limit > 0 and _ready(tx, replace(want, limit=1), ""):
                    return True
            if next(iter(owners_with_room(tx, limits)), None) is not None:
                return True
            now = self._db.now(tx)
            return bool(tx.row(f"SELECT 1 FROM jobs WHERE {DELAYED} AND run_at <= :now LIMIT 1",  # nosec B608 - constants
                               {"now": now}))  # fmt: skip

    def _take(
        self, tx: Transaction, worker: str, want: Want, now: float
    ) -> tuple[list[Row], float]:
        """What is due of this, taken, and when: the most urgent first."""
        due = _ready(tx, want, self._db.skip_locked) if want.limit > 0 else []
        if not due:
            return [], now
        # Not before the look: an attempt that it saw the end of may have ended since we began.
        now = self._db.now(tx)
        wanted = f"SELECT wanted FROM {self._db.rows_of({'wanted': 'bigint'})} AS w"  # nosec B608 - `rows_of`
        # What a claim says comes from the write: a row may have been claimed and given back
        # between the look's snapshot and its lock.
        taken = tx.rows(
            "UPDATE jobs SET status = 'running', worker = :worker, claimed_at = :now,"  # nosec B608 - constants and `among`
            " started_at = coalesce(started_at, :now), lease_token = lease_token + 1,"
            " version = version + 1, last_event = last_event + 1"
            f" WHERE {self._db.among('seq', wanted)} AND status = 'pending'"
            f" RETURNING {_TAKEN}",
            {"worker": worker, "now": now, "rows": dumps(due)},
        )
        return sorted(taken, key=lambda row: (*_turn(row), row[0])), now


_TAKEN: Final = (
    f"{JOB_COLUMNS}, lease_token, turn, (SELECT body FROM inputs WHERE inputs.job = jobs.seq),"  # nosec B608 - constants
    " uses, traceparent"
)
_PRIORITY: Final = JOB_COLUMNS.split(", ").index("priority")


def _turn(row: Row) -> tuple[int, int]:
    """Priority and turn of a row of `_TAKEN`."""
    return row[_PRIORITY], row[JOB_WIDTH + 1]


def _lease_holds(tx: Transaction, worker: str, now: float) -> bool:
    return bool(
        tx.row(
            "SELECT 1 FROM workers WHERE id = :id AND expires_at > :now AND left_at IS NULL",
            {"id": worker, "now": now},
        )
    )


def _ready(tx: Transaction, want: Want, locking: str) -> list[Row]:
    """The most urgent due jobs, by seq.

    One walk of the ready index for each operation, then a merge: so the jobs of an operation
    this worker does not know are never stepped over. With `locking`, jobs that another worker is
    taking just now are not seen, and those seen are nobody else's until the transaction ends.
    """
    operations = list(dict.fromkeys(want.operations))
    if not operations:
        return []
    walks = " UNION ALL ".join(
        f"SELECT * FROM (SELECT seq, priority, turn FROM jobs WHERE {READY} AND operation = :o{i}"  # nosec B608 - constants, a lock and names that stand in the code
        f" ORDER BY priority, turn, seq LIMIT :l{i}{locking}) AS walk_{i}"
        for i in range(len(operations))
    )
    return tx.rows(
        f"SELECT seq FROM ({walks}) AS walks ORDER BY priority, turn, seq LIMIT :limit",  # nosec B608 - constants and names that stand in the code
        {f"o{i}": name for i, name in enumerate(operations)}
        | {
            f"l{i}": min(want.limit, want.fewer.get(name, want.limit))
            for i, name in enumerate(operations)
        }
        | {"limit": want.limit},
    )


def _claim_from_row(tx: Transaction, row: Row, now: float) -> Claim:
    """The claim of a row of `_TAKEN`."""
    token, _, body, uses, traceparent = row[JOB_WIDTH:]
    job = job_from_row(row)
    first = token == 1  # no attempt before this one: nothing can have been saved
    return Claim(
        job=job,
        token=token,
        input=body.encode(),
        uses={} if uses is None else _used(tx, loads(uses)),
        checkpoints=() if first else _checkpoints(tx, job.seq),
        redo=() if first else to_redo(tx, job.seq),
        waited=max(0.0, now - (job.run_at or job.created_at)) if first else 0.0,
        traceparent=traceparent,
        results=None if job.shards is None else shard_results(tx, job.id),
    )


def _used(tx: Transaction, uses: Mapping[str, str]) -> dict[str, StoredArtifact | str]:
    from_rows: dict[str, StoredArtifact | str] = {}
    for name, artifact_id in uses.items():
        from_rows[name] = find_artifact(tx, artifact_id) or artifact_id
    return from_rows


def _checkpoints(tx: Transaction, seq: int) -> list[StoredCheckpoint]:
    rows = tx.rows(
        "SELECT number, state, token, items, path, sha256 FROM checkpoints WHERE job = :job"
        " ORDER BY number DESC",
        {"job": seq},
    )
    return [
        StoredCheckpoint(
            number=number,
            state=loads(state),
            attempt_token=token,
            items=items,
            path=path,
            sha256=sha256,
        )
        for number, state, token, items, path, sha256 in rows
    ]


def _started(job: Job) -> StatusChanged:
    return StatusChanged(Status.RUNNING, attempt=job.attempt + 1)
