"""Jobs as their users see them."""

from collections.abc import Collection, Sequence
from typing import Final

from headway.errors import AlreadyFinished, Conflict, LimitReached, NotFinished, NotFound
from headway.events import StatusChanged
from headway.job import Job, Status, Waiting
from headway.limits import UNLIMITED, Limits
from headway.store.database import Database, Row, Transaction
from headway.store.events import write_facts
from headway.store.idempotency import (
    answer_twin,
    first_of_each_key,
    is_repeated,
    name_of,
    names_of_keys,
    replays,
    save_key,
    save_keys,
)
from headway.store.inserting import due_at_of, insert_jobs
from headway.store.loads import Changes, admit, admit_again
from headway.store.notices import announce
from headway.store.redo import begin_redo
from headway.store.rows import JOB_COLUMNS, dumps, job_from_row
from headway.store.shards import (
    cancel_shards,
    family_of,
    parts_of_shards,
    restart,
    shards_where,
)
from headway.store.tallies import Tallies
from headway.store.turns import Turns
from headway.store.unique import (
    Identity,
    first_of_each,
    identity,
    names_of,
    refuse_second,
    unfinished,
)
from headway.store.users import add_requests
from headway.store.values import (
    Added,
    AttemptRecord,
    Decided,
    IdempotencyKey,
    JobQuery,
    Part,
    Submission,
)

# There are never many. Asked for the state and the owner at once, SQLite would walk all of the
# owner's jobs, a million of them if need be, and live updates ask four times a second.
_RUNNING: Final = "SELECT seq FROM jobs WHERE status = 'running'"


class SqlJobs:
    """See `store.contract.Jobs`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, submissions: Sequence[Submission], limits: Limits = UNLIMITED) -> list[Decided]:
        """See `Jobs.add`."""
        with self._db.write() as tx:
            self._db.hold(tx, names_of_keys(submissions) | names_of(submissions))
            now = self._db.now(tx)
            answers = replays(tx, submissions)
            wishes = [one for one in first_of_each_key(submissions) if one.id not in answers]
            decided = self._decide(tx, wishes, now, limits)
            added = [
                (one, answer.job) for one in wishes if isinstance(answer := decided[one.id], Added)
            ]
            save_keys(tx, added, now)
            add_requests(tx, [one.owner for one, _ in added], now)
            answers |= decided
            return [answers.get(one.id) or answer_twin(one, wishes, decided) for one in submissions]

    def get(self, job_id: str) -> Job | None:
        """See `Jobs.get`."""
        with self._db.read() as tx:
            row = tx.row(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = :id", {"id": job_id})
        return None if row is None else job_from_row(row)

    def get_many(self, job_ids: Collection[str]) -> list[Job]:
        """See `Jobs.get_many`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS} FROM {wanted} AS w JOIN jobs ON jobs.id = w.wanted",
                {"rows": dumps([[one] for one in job_ids])},
            )
        return [job_from_row(row) for row in rows]

    def version(self, job_id: str) -> tuple[str, int, Status] | None:
        """See `Jobs.version`."""
        with self._db.read() as tx:
            row = tx.row("SELECT owner, version, status FROM jobs WHERE id = :id", {"id": job_id})
        return None if row is None else (row[0], row[1], Status(row[2]))

    def input(self, job_id: str) -> bytes | None:
        """See `Jobs.input`."""
        with self._db.read() as tx:
            body = tx.value(
                "SELECT body FROM inputs JOIN jobs ON jobs.seq = inputs.job WHERE jobs.id = :id",
                {"id": job_id},
            )
        return None if body is None else str(body).encode()

    def find(self, query: JobQuery) -> list[Job]:
        """See `Jobs.find`."""
        conditions = ["1 = 1"]
        if query.owner is not None:
            conditions.append("owner = :owner")
        if query.statuses:
            conditions.append("status IN (" + ", ".join(f"'{s}'" for s in query.statuses) + ")")
            if set(query.statuses) == {Status.RUNNING}:
                conditions.append(f"seq IN ({_RUNNING})")
        if query.operation is not None:
            conditions.append("operation = :operation")
        conditions.append("parent IS NULL" if query.parent is None else "parent = :parent")
        if query.before is not None:
            conditions.append("seq < :before")
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE {' AND '.join(conditions)}"
                " ORDER BY seq DESC LIMIT :limit",
                {
                    "owner": query.owner,
                    "operation": query.operation,
                    "parent": query.parent,
                    "before": query.before,
                    "limit": query.limit,
                },
            )
        return [job_from_row(row) for row in rows]

    def cancel(self, job_id: str) -> Job:
        """See `Jobs.cancel`."""
        with self._db.write() as tx:
            self._db.hold(tx, {family_of(job_id)})
            now = self._db.now(tx)
            before = self._locked(tx, job_id)
            _refuse_shard(before, "cancel")
            if before.status.finished:
                raise AlreadyFinished(f"Cannot cancel {before.status} job")
            if before.status is Status.RUNNING and before.waiting_for is None:
                _end_attempt(tx, before, now)
            why = "its job was cancelled by its owner"
            facts = cancel_shards(self._db, tx, job_id, why, now)
            changes = Changes()  # after the rows of all jobs, as whoever changes both does
            changes.add(before.owner, unfinished=-1, active=-_is_active(before))
            changes.save(tx)
            tx.run(
                "UPDATE jobs SET status = 'cancelled', completed_at = :now, waiting_for = NULL,"
                " version = version + 1, last_event = last_event + 1"
                " WHERE seq = :seq AND status IN ('pending', 'running')",
                {"now": now, "seq": before.seq},
            )
            fact = StatusChanged(Status.CANCELLED, reason="cancelled by its owner")
            write_facts(tx, now, [(before.seq, before.last_event + 1, fact)])
            tallies = Tallies(now)
            tallies.add(before.operation, Status.CANCELLED, before.worker or "", 0.0)
            tallies.save(tx)
            write_facts(tx, now, facts)
            announce(self._db, tx, [before.seq], now)
            return self._locked(tx, job_id)

    def retry(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """See `Jobs.retry`."""
        with self._db.write() as tx:
            return self._retry(tx, job_id, limits)

    def retry_items(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """See `Jobs.retry_items`."""
        with self._db.write() as tx:
            return self._retry_items(tx, job_id, limits)

    def retry_once(
        self,
        job_id: str,
        key: IdempotencyKey,
        *,
        items: bool = False,
        limits: Limits = UNLIMITED,
    ) -> Added:
        """See `Jobs.retry_once`."""
        again = self._retry_items if items else self._retry
        with self._db.write() as tx:
            before = self._locked(tx, job_id)
            # With those that `again` holds: names are asked for together, or two wait for each other.
            names = {name_of(before.owner, key), family_of(job_id)}
            self._db.hold(tx, names | names_of([before]))
            if is_repeated(tx, before.owner, key):
                return Added(before, replayed=True)
            job = again(tx, job_id, limits)
            save_key(tx, key, job, self._db.now(tx))
            return Added(job)

    def _retry(self, tx: Transaction, job_id: str, limits: Limits) -> Job:
        self._db.hold(tx, {family_of(job_id)})
        now = self._db.now(tx)
        before = self._locked(tx, job_id)
        _refuse_shard(before, "retry")
        if before.status not in (Status.FAILED, Status.CANCELLED):
            raise NotFinished(
                f"expected a failed or cancelled job, got a {before.status} one;"
                " only those can be retried"
            )
        self._db.hold(tx, names_of([before]))
        refuse_second(tx, before)
        held = admit_again(tx, before, limits)
        turns = Turns(self._db, tx, [(before.owner, before.priority)])
        tx.run(
            "UPDATE jobs SET status = 'pending', waiting_for = :waiting_for, run_at = NULL,"
            " turn = :turn, completed_at = NULL, error = NULL, attempt = 0, crashes = 0,"
            " interruptions = 0, crashes_in_a_row = 0, interruptions_in_a_row = 0,"
            " version = version + 1, last_event = last_event + 1"
            " WHERE seq = :seq AND status IN ('failed', 'cancelled')",
            {
                "seq": before.seq,
                "waiting_for": Waiting.LIMIT if held else None,
                "turn": 0 if held else turns.take(before.owner, before.priority),
            },
        )
        turns.save()
        fact = StatusChanged(Status.PENDING, reason="retried by its owner")
        write_facts(tx, now, [(before.seq, before.last_event + 1, fact)])
        if before.shards is not None:
            restart(self._db, tx, before, now)
        return self._locked(tx, job_id)

    def _retry_items(self, tx: Transaction, job_id: str, limits: Limits) -> Job:
        self._db.hold(tx, {family_of(job_id)})
        now = self._db.now(tx)
        before = self._locked(tx, job_id)
        _refuse_shard(before, "retry")
        self._db.hold(tx, names_of([before]))
        refuse_second(tx, before)
        begin_redo(self._db, tx, before, now, limits)
        return self._locked(tx, job_id)

    def running(self, owners: Collection[str], *, limit: int = 1000) -> list[Job]:
        """See `Jobs.running`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE seq IN ({_RUNNING}) AND parent IS NULL"
                f" AND owner IN (SELECT wanted FROM {wanted} AS w) LIMIT :limit",
                {"rows": dumps([[owner] for owner in owners]), "limit": limit},
            )
        # Sorted here: asked for an order, SQLite might walk all jobs in it.
        return sorted((job_from_row(row) for row in rows), key=lambda job: job.seq)

    def shards(self, job_id: str) -> list[Job]:
        """See `Jobs.shards`."""
        with self._db.read() as tx:
            return shards_where(tx, job_id)

    def parts(self, job_id: str, *, after: int = -1) -> list[Part]:
        """See `Jobs.parts`."""
        with self._db.read() as tx:
            if tx.value("SELECT shards FROM jobs WHERE id = :id", {"id": job_id}) is not None:
                return parts_of_shards(self._db, tx, job_id, after)
            rows = tx.rows(
                "SELECT first, count, parts.failed, path, size FROM parts"
                " JOIN jobs ON jobs.seq = parts.job"
                " WHERE jobs.id = :id AND first + count > :after + 1 ORDER BY first",
                {"id": job_id, "after": after},
            )
        return [
            Part(first=first, count=count, failed=failed, path=path, size=size)
            for first, count, failed, path, size in rows
        ]

    def attempts(self, job_id: str) -> list[AttemptRecord]:
        """See `Jobs.attempts`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT token, attempts.worker, coalesce(host, ''), attempts.started_at, ended_at,"
                " reason, attempts.error, traceback, peak_memory, cpu_seconds FROM attempts"
                " JOIN jobs ON jobs.seq = attempts.job"
                " LEFT JOIN workers ON workers.id = attempts.worker"
                " WHERE jobs.id = :id ORDER BY token",
                {"id": job_id},
            ) + tx.rows(_LAST_ATTEMPT, {"id": job_id})
        return [_attempt_from_row(row) for row in rows]

    def _locked(self, tx: Transaction, job_id: str) -> Job:
        row = tx.row(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = :id{self._db.for_update}", {"id": job_id}
        )
        if row is None:
            raise NotFound("Job not found")
        return job_from_row(row)

    def _decide(
        self, tx: Transaction, wishes: Sequence[Submission], now: float, limits: Limits
    ) -> dict[str, Added | LimitReached]:
        """A job for each wish, a new one or the one that stands for it; or the limit it passes."""
        taken: dict[Identity, Added | LimitReached] = {
            key: Added(job, existing=True) for key, job in unfinished(tx, wishes).items()
        }
        fresh = first_of_each(wishes, taken)
        due = frozenset(one.id for one in fresh if due_at_of(one, now) is None)
        admission = admit(tx, fresh, due, limits)
        made = insert_jobs(self._db, tx, admission.admitted, now, admission.held)
        decided: dict[str, Added | LimitReached] = {
            **{job.id: Added(job) for job in made},
            **admission.refused,
        }
        for one in fresh:
            if (key := identity(one)) is not None:
                answer = decided[one.id]
                taken[key] = (
                    Added(answer.job, existing=True) if isinstance(answer, Added) else answer
                )
        stood_for = [(one.id, identity(one)) for one in wishes if one.id not in decided]
        return decided | {id: taken[key] for id, key in stood_for if key is not None}


# An attempt that completed in a shared process has no row of its own: nothing is known of it that
# its job does not say.
_LAST_ATTEMPT = (
    "SELECT lease_token, worker, coalesce(host, ''), claimed_at, completed_at, 'completed', NULL,"
    " NULL, NULL, NULL FROM jobs LEFT JOIN workers ON workers.id = jobs.worker"
    " WHERE jobs.id = :id AND status = 'completed' AND NOT EXISTS"
    " (SELECT 1 FROM attempts WHERE attempts.job = seq AND token = lease_token)"
)


def _refuse_shard(job: Job, act: str) -> None:
    if job.parent is not None:
        raise Conflict(
            f"expected a job of its own, got a shard of {job.parent}; {act} that job instead"
        )


def _is_active(job: Job) -> bool:
    """Whether an unfinished job counts among those its owner's limit lets run."""
    return job.waiting_for in (None, Waiting.SHARDS)


def _end_attempt(tx: Transaction, job: Job, now: float) -> None:
    tx.run(
        "INSERT INTO attempts (job, token, worker, started_at, ended_at, reason)"
        " SELECT seq, lease_token, worker, claimed_at, :now, 'cancelled' FROM jobs"
        " WHERE seq = :seq",
        {"now": now, "seq": job.seq},
    )


def _attempt_from_row(row: Row) -> AttemptRecord:
    token, worker, host, started_at, ended_at, reason, error, trace, memory, cpu = row
    return AttemptRecord(
        token=token,
        worker=worker,
        host=host,
        started_at=started_at,
        ended_at=ended_at,
        reason=reason,
        error=error,
        traceback=trace,
        peak_memory=memory,
        cpu_seconds=cpu,
    )
