"""What every store promises. Each method is one transaction; none of them calls anybody.

All times are seconds since the epoch by the database's own clock.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from headway.estimate import Estimate
from headway.events import Event, Stretch
from headway.job import Job, Publication, Status
from headway.limits import UNLIMITED, Limits
from headway.notices import Target
from headway.store.identity import Erasure, Keys, SignIns, Users
from headway.store.values import (
    Added,
    Alias,
    AliasMove,
    AliasName,
    AttemptRecord,
    Claim,
    Decided,
    Delivery,
    Depth,
    Ended,
    IdempotencyKey,
    JobQuery,
    Lineage,
    Meters,
    NoticeSettings,
    OwnerLoad,
    Part,
    Pruned,
    Report,
    StoredArtifact,
    StoreHealth,
    Submission,
    Tombstone,
    Want,
    WorkerInfo,
    WorkerLoad,
)


class Jobs(Protocol):
    """Jobs as their users see them."""

    def add(self, submissions: Sequence[Submission], limits: Limits = UNLIMITED) -> list[Decided]:
        """Make these jobs durable, all in one transaction, and answer each in turn.

        A submission whose unique key an unfinished job of its owner and operation has makes none:
        that job is its answer. One that would pass a limit makes none either.
        """

    def get(self, job_id: str) -> Job | None:
        """The job as it is now."""

    def get_many(self, job_ids: Collection[str]) -> list[Job]:
        """Those of the jobs that exist, without their results' order promised."""

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


class Attempts(Protocol):
    """Jobs as workers see them."""

    def claim(self, worker: str, wants: Sequence[Want], limits: Limits = UNLIMITED) -> list[Claim]:
        """Hand out due jobs, most urgent first; each belongs to one worker until its lease ends.

        A worker whose own lease has lapsed gets none. Nothing of a paused operation is handed
        out, and nothing that would pass a limit.
        """

    def record(self, reports: Sequence[Report]) -> set[tuple[int, int]]:
        """Write the reports whose claims still hold; answer those (seq, token).

        A report whose claim was lost changes nothing at all. Each attempt has one report at most.
        A shard's report names its parent, whose counts and progress are the sums over its shards.
        With the last of them its merge is due; one that failed for good fails it.
        """

    def held(self, worker: str) -> set[tuple[int, int]]:
        """The (seq, token) of the jobs this worker is running as far as the store knows."""

    def next_due_in(self) -> float | None:
        """Seconds until the next delayed job is due; None when there is none."""


class Workers(Protocol):
    """Who is alive."""

    def join(self, worker: WorkerInfo, lease: float) -> None:
        """Begin this worker's lease of `lease` seconds.

        A worker with a `place` is the proof that those before it in this place are dead: their
        jobs are due again at once.
        """

    def beat(self, worker: str, lease: float) -> bool:
        """Extend the lease; False when it had lapsed and its jobs may be somebody else's."""

    def leave(self, worker: str) -> None:
        """End the lease; jobs the worker still held are due again at once."""

    def expired(self) -> set[str]:
        """Workers whose lease has ended and who still hold jobs or never left."""

    def reap(self, workers: Collection[str], limit: int) -> int:
        """Give up to `limit` jobs of those still expired back to the queue; the number given."""

    def alive(self) -> list[WorkerInfo]:
        """Workers whose lease holds."""


class Events(Protocol):
    """What happened, in order."""

    def after(self, position: int, *, owner: str | None = None, limit: int = 1000) -> list[Event]:
        """Events past this position, in commit order."""

    def of_job(
        self, job_id: str, *, after: int = 0, kinds: Collection[str] = (), limit: int = 1000
    ) -> list[Event]:
        """The job's events whose number is past `after`."""

    def of_owners(self, owners: Collection[str], position: int, *, scan: int = 1000) -> Stretch:
        """These owners' events among the next `scan` of all past this position."""

    def last_position(self) -> int:
        """The newest position; 0 when nothing has happened."""


class Overview(Protocol):
    """What goes on as a whole, told at a bounded cost however many jobs there are."""

    def estimates(self, jobs: Collection[Job], shared: Collection[str]) -> dict[str, Estimate]:
        """How long these jobs may still take, by id; nothing of those that nothing is known of.

        `shared` names the operations that run many at a time in one process.
        """

    def workers(self) -> list[WorkerLoad]:
        """The workers whose lease holds, and the jobs each of them runs."""

    def depth(self) -> list[Depth]:
        """How many jobs of each operation wait or run; operations without any are left out."""

    def meters(self) -> Meters:
        """What the store knows of itself and of all jobs, for whoever watches over it."""

    def loads(self, *, limit: int = 20) -> list[OwnerLoad]:
        """The owners with the most unfinished jobs."""

    def ended(self) -> list[Ended]:
        """How jobs ended in each minute of the last hour, oldest first."""


class Pauses(Protocol):
    """Operations of which nothing is claimed for a while. Their jobs wait; what runs goes on."""

    def pause(self, operation: str) -> bool:
        """Claim nothing of the operation from now on; False if it was paused already."""

    def resume(self, operation: str) -> bool:
        """Claim its jobs again; False if it was not paused."""

    def all(self) -> Mapping[str, float]:
        """The paused operations, and since when each is."""


class Artifacts(Protocol):
    """Data sets, models and uploaded files: the rows; the bytes are elsewhere.

    A deleted one is found by nobody any more, but its version is never given again.
    """

    def add(
        self, owner: str, publication: Publication, job_id: str | None = None
    ) -> StoredArtifact:
        """Make a file known, as the next version of its name. One of this id stays as it is."""

    def get(self, artifact_id: str) -> StoredArtifact | None:
        """The artefact of this id."""

    def resolve(self, owner: str, kind: str, reference: str) -> StoredArtifact | None:
        """What a user means by `id`, `name`, `name@version` or `name@alias`.

        A bare reference that is no name but one of the user's aliases means what the alias points
        to; of several, the one that was moved last. What others share is named by its id, or as
        `owner:name`, `owner:name@version` or `owner:name@alias`.
        """

    def find(
        self,
        reader: str,
        kind: str,
        *,
        owner: str | None = None,
        name: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[StoredArtifact]:
        """Artefacts that the reader may see, newest first: his own, and what others share.

        Only those of an owner or a name if that is given, and of a `seq` below `before`.
        """

    def bytes_of(self, owner: str) -> int:
        """How large the owner's artefacts are together."""

    def share(self, artifact_id: str, *, shared: bool) -> bool:
        """Let everybody see the artefact, or its owner alone; False if there is none."""

    def delete(self, artifact_id: str) -> None:
        """Delete it. Raise `Conflict` while an alias points to it or an unfinished job reads it."""

    def lineage(self, artifact_id: str, *, most: int = 200) -> Lineage:
        """Everything this artefact was made from, and everything it was read for or went into.

        Those next to it come first, and no more than about `most` artefacts.
        """


class Aliases(Protocol):
    """Names that move from version to version, and every move they made."""

    def move(self, alias: AliasName, artifact_id: str, *, expected: str | None = None) -> Alias:
        """Point the alias to this version of its name.

        Raise `Conflict`, and change nothing, if an `expected` artefact is given and it pointed to
        another; `NotFound` if there is no such version.
        """

    def roll_back(self, alias: AliasName, *, expected: str | None = None) -> Alias:
        """Point the alias to where it pointed before; done again, to where it pointed before that.

        Versions deleted meanwhile are passed over. Raise `Conflict` when nothing is left, or when
        it points to another than `expected`; `NotFound` if there is no such alias.
        """

    def remove(self, alias: AliasName) -> bool:
        """Remove the alias; False if there is none. Its moves stay."""

    def of_name(self, owner: str, kind: str, name: str) -> list[Alias]:
        """The aliases of a name."""

    def of_artifacts(self, artifact_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The aliases that point to each of these."""

    def moves(self, alias: AliasName, *, limit: int = 100) -> list[AliasMove]:
        """Where the alias pointed, newest first; where it points now is the first."""


ALIKE: Final[Mapping[Status, float]] = MappingProxyType({})
"""Every job is kept for the same time, however it ended."""


class Retention(Protocol):
    """What is removed when it is old. Each step is bounded, and several may do it at once."""

    def prune(
        self,
        keep: float,
        *,
        by_status: Mapping[Status, float] = ALIKE,
        after: int = 0,
        limit: int = 500,
    ) -> Pruned:
        """Remove jobs that ended more than `keep` seconds ago, with all that belongs to them.

        `by_status` keeps those that ended so for another time. Looks at `limit` jobs, the first
        of those past `after`. A tombstone of each stays. Artefacts stay too: others may use them.
        """

    def tidy(self, *, workers: float, keys: float, tombstones: float, limit: int = 500) -> int:
        """Remove up to `limit` of each that is older than these seconds, turns used up, and what
        is kept of tokens that have expired and of sign-ins long ago.

        Workers by when they left, idempotency keys by their first use. Answers how many rows.
        """

    def tombstone(self, job_id: str) -> Tombstone | None:
        """What is left of this job if it was pruned."""


class Upkeep(Protocol):
    """What a store needs done now and then, and what must be known before files are removed."""

    def shrink_log(self) -> int:
        """Empty the store's log if it has grown large and no reader needs it; its bytes now."""

    def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Those of these ids that are of jobs."""

    def known_files(self, paths: Collection[str]) -> set[str]:
        """Those of these paths at which an artefact is."""

    def busy_since(self) -> float | None:
        """When the oldest of the running attempts began; None when nothing runs."""


class Notices(Protocol):
    """Whom to tell of the end of jobs, and what came of telling them.

    A job that ends has a delivery, a job of its own, for each of its targets from that moment on:
    both are one transaction.
    """

    def settings(self, owner: str, secret: str) -> NoticeSettings:
        """A user's own settings; `secret` becomes theirs if they have none yet."""

    def choose(self, owner: str, targets: Sequence[Target]) -> None:
        """Tell these of every job that does not say whom to tell."""

    def change_secret(self, owner: str, secret: str) -> None:
        """Sign with another secret from now on; for a day with the former one too."""

    def deliveries(self, job_id: str) -> list[Delivery]:
        """What was sent, or is to be sent, about a job; in the order it came to be."""

    def replay(self, delivery_id: str) -> str:
        """Send once more what a delivery sends, as the same message; the new delivery's id."""


class Waiter(Protocol):
    """Hears the bell. One thread waits, any may close."""

    def fileno(self) -> int:
        """A descriptor that can be read when it rang, for those who wait for many things."""

    def wait(self, timeout: float) -> bool:
        """Return at a ring, True, or after `timeout` seconds, False. Rings add up to one."""

    def wake(self) -> None:
        """Make `wait` return; safe from any thread and from a signal handler."""

    def close(self) -> None:
        """Stop hearing. Closing twice is fine."""


class Bell(Protocol):
    """The wake-up between processes. A lost ring costs latency, never a job."""

    def ring(self, topic: str) -> None:
        """Wake everybody who listens for `work`, `cancel` or `news`."""

    def listen(self, topic: str) -> Waiter:
        """Begin to hear rings for this topic."""

    def close(self) -> None:
        """Ring no more. Closing twice is fine."""


class Store(Protocol):
    """Keeps jobs and everything that happened to them."""

    @property
    def jobs(self) -> Jobs: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def workers(self) -> Workers: ...
    @property
    def events(self) -> Events: ...
    @property
    def overview(self) -> Overview: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def artifacts(self) -> Artifacts: ...
    @property
    def aliases(self) -> Aliases: ...
    @property
    def users(self) -> Users: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def erasure(self) -> Erasure: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def upkeep(self) -> Upkeep: ...
    @property
    def bell(self) -> Bell: ...

    def changed(self) -> bool:
        """True when somebody committed since this was asked last by this thread, or it can't tell."""

    def health(self) -> StoreHealth:
        """Prove with a write that the store can be written, and say which one it is."""

    def close(self) -> None:
        """Close every connection. Closing twice is fine."""
