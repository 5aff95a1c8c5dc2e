"""What an attempt can come to, and what is then written about it: pure and frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headway.job import Job, Json, Status
from headway.retry import Backoff

MAX_CRASHES: Final = 3
"""Crashes in a row without an advancing checkpoint that end a job."""

MAX_INTERRUPTIONS: Final = 10
"""Interruptions in a row without an advancing checkpoint that end a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A file an attempt made for others to use: it exists once the verdict is recorded."""

    id: str
    kind: str
    """`dataset`, `model` or `file`."""
    name: str
    path: str
    """Relative to the artefacts' root."""
    sha256: str
    size: int
    meta: Mapping[str, Json]
    alias: str | None = None
    alias_from: Sequence[str] | None = None
    """Where the alias must point until then, or the job fails: to the artefact of this id, or with an
    empty list nowhere. None for wherever it points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt cost, where the system can tell."""

    peak_memory: int | None = None
    """Bytes of resident memory at the highest."""
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The operation returned."""

    result: Json
    publications: Sequence[Publication] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The operation raised."""

    error: str
    retryable: bool = True
    traceback: str | None = None
    result: Json = None
    """What was found all the same."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child died without a word: killed, out of memory, a fault in C code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The attempt was ended from outside, and is not to blame."""

    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """The operation split its input: each of these is the input of a shard, as JSON."""

    inputs: Sequence[str]


Outcome = Completed | Failed | Crashed | Stopped | Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is written about an attempt: the job's next state and what the counters gain."""

    status: Status
    reason: str
    """One word for the attempt's record: completed, failed, crashed, interrupted, split."""
    error: str | None = None
    traceback: str | None = None
    delay: float | None = None
    """Seconds until the next attempt is due; None for at once (or never)."""
    result: Json = None
    publications: Sequence[Publication] = ()
    shards: Sequence[str] = ()
    """Inputs of the shards that the job waits for from now on, as JSON."""
    failures: int = 0
    crashes: int = 0
    interruptions: int = 0
    usage: Usage = Usage()


def decide(outcome: Outcome, job: Job, backoff: Backoff, usage: Usage = Usage()) -> Verdict:
    """Turn what came of an attempt into what is written about it. Pure but for the jitter."""
    match outcome:
        case Completed(result, publications):
            return Verdict(
                status=Status.COMPLETED,
                reason="completed",
                result=result,
                publications=publications,
                usage=usage,
            )
        case Failed(error, retryable, traceback, result):
            again = retryable and job.attempt + 1 < job.max_attempts
            return Verdict(
                status=Status.PENDING if again else Status.FAILED,
                reason="failed",
                error=error,
                traceback=traceback,
                result=None if again else result,
                delay=backoff.delay(job.attempt) if again else None,
                failures=1,
                usage=usage,
            )
        case Crashed(reason):
            again = job.crashes_in_a_row + 1 < MAX_CRASHES
            return Verdict(
                status=Status.PENDING if again else Status.FAILED,
                reason="crashed",
                error=reason if again else f"{reason}; given up after {MAX_CRASHES} crashes",
                delay=backoff.delay(job.crashes_in_a_row) if again else None,
                crashes=1,
                usage=usage,
            )
        case Stopped(reason):
            return interrupted(job, reason, usage)
        case Split(inputs):
            return Verdict(status=Status.RUNNING, reason="split", shards=inputs, usage=usage)


def interrupted(job: Job, reason: str, usage: Usage = Usage()) -> Verdict:
    """The verdict on an attempt that was ended from outside: again at once, within bounds."""
    again = job.interruptions_in_a_row + 1 < MAX_INTERRUPTIONS
    return Verdict(
        status=Status.PENDING if again else Status.FAILED,
        reason="interrupted",
        error=reason
        if again
        else f"{reason}; given up after {MAX_INTERRUPTIONS} interruptions without progress",
        interruptions=1,
        usage=usage,
    )
