"""Jobs as their users see them."""

from collections.abc import Collection, Mapping, Sequence

from headway.job import Job, Status
from headway.limits import UNLIMITED, Limits
from headway.store.attempt_records import attempts_of
from headway.store.cancelling import cancel_job
from headway.store.database import Database
from headway.store.deciding import decide
from headway.store.finding import ALL_RUNNING, find_jobs
from headway.store.idempotency import (
    answer_twin,
    first_of_each_key,
    is_repeated,
    names_of_keys,
    refused_lists,
    replays,
    save_key,
    save_keys,
)
from headway.store.repeat import repeating
from headway.store.retrying import held_to_retry, retry_items, retry_job
from headway.store.rows import (
    JOB_COLUMNS,
    PART_COLUMNS,
    dumps,
    job_from_row,
    job_where,
    part_from_row,
)
from headway.store.shards import parts_of_shards, shards_where
from headway.store.unique import names_of
from headway.store.users import add_requests
from headway.store.values.attempts import Part
from headway.store.values.history import AttemptRecord, JobQuery
from headway.store.values.submission import Added, Decided, IdempotencyKey, Submission


@repeating
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
            answers |= refused_lists(submissions, answers)
            wishes = first_of_each_key([one for one in submissions if one.id not in answers])
            decided = decide(self._db, tx, wishes, now, limits)
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
            return job_where(tx, "id = :id", {"id": job_id})

    def get_many(self, job_ids: Collection[str]) -> list[Job]:
        """See `Jobs.get_many`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS} FROM {wanted} AS w JOIN jobs ON jobs.id = w.wanted",  # nosec B608 - constants and `rows_of`
                {"rows": dumps([[one] for one in job_ids])},
            )
        return [job_from_row(row) for row in rows]

    def newer(self, known: Mapping[str, int]) -> dict[str, Job | None]:
        """See `Jobs.newer`."""
        named = self._db.rows_of({"known_id": "text", "known": "integer"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS}, known_id FROM {named} AS n"  # nosec B608 - constants and `rows_of`
                " LEFT JOIN jobs ON jobs.id = n.known_id"
                " WHERE version IS NULL OR version <> n.known",
                {"rows": dumps(list(known.items()))},
            )
        return {row[-1]: None if row[0] is None else job_from_row(row) for row in rows}

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
        with self._db.read() as tx:
            return find_jobs(self._db, tx, query)

    def cancel(self, job_id: str) -> Job:
        """See `Jobs.cancel`."""
        with self._db.write() as tx:
            return cancel_job(self._db, tx, job_id)

    def retry(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """See `Jobs.retry`."""
        with self._db.write() as tx:
            return retry_job(self._db, tx, held_to_retry(self._db, tx, job_id), limits)

    def retry_items(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """See `Jobs.retry_items`."""
        with self._db.write() as tx:
            return retry_items(self._db, tx, held_to_retry(self._db, tx, job_id), limits)

    def retry_once(
        self,
        job_id: str,
        key: IdempotencyKey,
        *,
        items: bool = False,
        limits: Limits = UNLIMITED,
    ) -> Added:
        """See `Jobs.retry_once`."""
        again = retry_items if items else retry_job
        with self._db.write() as tx:
            before = held_to_retry(self._db, tx, job_id, key)
            if is_repeated(tx, before.owner, key):
                return Added(before, replayed=True)
            job = again(self._db, tx, before, limits)
            save_key(tx, key, job, self._db.now(tx))
            return Added(job)

    def running(self, owners: Collection[str], *, limit: int = 1000) -> list[Job]:
        """See `Jobs.running`."""
        wanted = self._db.rows_of({"wanted": "text"})
        with self._db.read() as tx:
            rows = tx.rows(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE seq IN ({ALL_RUNNING}) AND parent IS NULL"  # nosec B608 - constants and `rows_of`
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
                f"SELECT {PART_COLUMNS} FROM parts"  # nosec B608 - constants
                " JOIN jobs ON jobs.seq = parts.job"
                " WHERE jobs.id = :id AND first + count > :after + 1 ORDER BY first",
                {"id": job_id, "after": after},
            )
        return [part_from_row(row) for row in rows]

    def attempts(self, job_id: str) -> list[AttemptRecord]:
        """See `Jobs.attempts`."""
        with self._db.read() as tx:
            return attempts_of(tx, job_id)
