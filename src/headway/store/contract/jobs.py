"""What the store promises to the users of jobs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from headway.job import Job, Status
from headway.limits import UNLIMITED, Limits
from headway.store.values.attempts import Part
from headway.store.values.history import AttemptRecord, JobQuery
from headway.store.values.submission import Added, Decided, IdempotencyKey, Submission


class Jobs(Protocol):
    """Jobs as their users see them."""

    def add(self, submissions: Sequence[Submission], limits: Limits = UNLIMITED) -> list[Decided]:
        """Make these jobs durable, all in one transaction, and answer each in turn.

        A submission whose unique key an unfinished job of its owner and operation has makes none:
        that job is its answer. One that would pass a limit makes none either, nor do those that
        come together with one whose key came with another request.
        """

    def get(self, job_id: str) -> Job | None:
        """The job as it is now."""

    def get_many(self, job_ids: Collection[str]) -> list[Job]:
        """Those of the jobs that exist, in any order."""

    def newer(self, known: Mapping[str, int]) -> dict[str, Job | None]:
        """Those of these jobs whose version is not the one they are named with; None for one that
        is gone. Costs little for those that are as they were."""

    def version(self, job_id: str) -> tuple[str, int, Status] | None:
        """Owner, version and state, without reading the payload."""

    def input(self, job_id: str) -> bytes | None:
        """The job's input as JSON."""

    def find(self, query: JobQuery) -> list[Job]:
        """Jobs newest first."""

    def cancel(self, job_id: str) -> Job:
        """Move a pending or running job to `cancelled`; its running attempt can write no more.

        Its unfinished shards are cancelled with it. Raise `NotFound`, `AlreadyFinished` with what
        it finished as, or `Conflict` for a shard, which ends with its job.
        """

    def retry(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """Move a failed or cancelled job back to `pending`, with fresh counters.

        It continues from its last checkpoint. One that was split waits for those of its shards
        that are not completed, and no others run again: at once, however many of its owner's run.
        Raise `NotFound`, `NotFinished`, `UserLimit`, or `NotUnique` when another unfinished job has
        its unique key by now.
        """

    def retry_items(self, job_id: str, limits: Limits = UNLIMITED) -> Job:
        """Make a job that has ended due again, for those of its items that failed.

        Raise `NotFinished`, `UserLimit`, or `Conflict` when none failed.
        """

    def retry_once(
        self,
        job_id: str,
        key: IdempotencyKey,
        *,
        items: bool = False,
        limits: Limits = UNLIMITED,
    ) -> Added:
        """`retry`, or `retry_items`, once for this key: asked again, answer with the job as it is.

        Raise what they raise, and `KeyReused` if the key came with another request of its route.
        """

    def running(self, owners: Collection[str], *, limit: int = 1000) -> list[Job]:
        """Up to `limit` jobs that are running for these owners, in the order they came."""

    def shards(self, job_id: str) -> list[Job]:
        """What the job was split into, in order."""

    def parts(self, job_id: str, *, after: int = -1) -> list[Part]:
        """The published parts of item results that hold items past index `after`, in order.

        Those of a job that was split are its shards' parts, one shard after the other, up to the
        first that has items to come.
        """

    def attempts(self, job_id: str) -> list[AttemptRecord]:
        """The job's ended attempts, oldest first."""
