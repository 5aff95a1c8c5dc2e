"""Every error Headway raises on purpose.

HeadwayError
├── SettingsError            a setting is missing, wrong or unsafe
├── InvalidInput             the request cannot be a job: expected, got, what to do
│   ├── UnknownOperation
│   └── UnknownArtifact      no such data set, model or file, or it is not yours
├── NotFound                 no such job, artefact or user
│   └── Gone                 there was one; its history was removed after its time
├── NotAuthorized            it exists, and belongs to somebody else
├── Conflict
│   ├── AlreadyFinished      the job has ended and cannot be cancelled
│   ├── NotFinished          the job has not ended and cannot be retried
│   ├── NotUnique            another unfinished job has the job's unique key
│   ├── KeyReused            the idempotency key came with another request before
│   └── KeyInUse             the first request with this key has not been answered yet
├── LimitReached             it would pass a limit: which one, how much it allows, how much there is
│   ├── UserLimit            one that each user has
│   └── ServiceLimit         one that all share
├── HeldUp                   no password was looked at: try again in `retry_after` seconds
│   ├── TooManyFailures      too many have been wrong, for this account or from this address
│   └── TooManySignIns       too many wait to be looked at
├── StoreError
│   ├── StoreUnavailable     busy, full, read-only or gone: nothing was written, try again
│   │   ├── ArtifactsUnavailable  ... and it is the bucket of the artefacts
│   │   ├── GaveWay          ... since this transaction and others waited for each other
│   │   └── OutcomeUnknown   ... or it was: nobody can tell, so try again under the same key
│   └── StoreUnusable        it can never work like this: file system, version, owner
├── CorruptArtifact          the bytes are not those whose hash was recorded
└── OperationFailed          raised by an operation: the sentence its user reads
    └── NotRetryable         ... and trying again would not help

StopAttempt (BaseException)  the attempt must end now; never catch it to go on
├── Cancelled                the user cancelled the job
└── Interrupted              the worker is stopping; the job goes on elsewhere
"""

from collections.abc import Sequence
from typing import Any


class HeadwayError(Exception):
    """The root of all errors a caller may want to catch; its text is fit to be shown."""


class SettingsError(HeadwayError):
    """A setting is missing, malformed or unsafe in this mode."""


class InvalidInput(HeadwayError):
    """The request can never be a job. `errors` pairs a JSON pointer into it with a sentence."""

    def __init__(
        self, message: str, *, pointer: str = "", errors: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.errors = tuple(errors) or ((pointer, message),)


class UnknownOperation(InvalidInput):
    """No operation of this name is registered."""


class UnknownArtifact(InvalidInput):
    """No data set, model or file of this name can be seen by this user."""


class NotFound(HeadwayError):
    """There is no such thing, or there is none any more."""


class Gone(NotFound):
    """There was such a job; it ended, and its history was removed."""


class NotAuthorized(HeadwayError):
    """It exists, and it is somebody else's."""


class Conflict(HeadwayError):
    """The present state does not allow this."""


class AlreadyFinished(Conflict):
    """The job has ended; it can no longer be cancelled."""


class NotFinished(Conflict):
    """The job has not ended; it cannot be retried yet."""


class NotUnique(Conflict):
    """Another unfinished job has the job's unique key; it cannot be retried beside it."""


class KeyReused(Conflict):
    """The idempotency key was used for a different request."""


class KeyInUse(Conflict):
    """The first request with this idempotency key has not been answered yet."""


class LimitReached(HeadwayError):
    """It would pass a limit, and nothing of it was done; later there may be room."""

    def __init__(
        self, message: str, *, code: str, limit: float, current: float, retry_after: float = 1.0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.limit = limit
        """How much is allowed."""
        self.current = current
        """How much there was already."""
        self.retry_after = retry_after
        """Seconds after which there may be room."""


class UserLimit(LimitReached):
    """The user himself has all he may have."""


class ServiceLimit(LimitReached):
    """All users together have all they may have."""


class HeldUp(HeadwayError):
    """No password was looked at; after `retry_after` seconds one may be."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyFailures(HeldUp):
    """Too many sign-ins have failed, for the account or from the address."""

    def __init__(self, message: str, *, retry_after: int, limit: int, current: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.limit = limit
        """How many may fail."""
        self.current = current
        """How many have."""


class TooManySignIns(HeldUp):
    """More passwords wait to be looked at than can be in good time."""


class StoreError(HeadwayError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """Nothing was written; the same call may succeed later."""


class ArtifactsUnavailable(StoreUnavailable):
    """The bucket of the artefacts cannot be reached, or refuses; the same call may succeed later."""


class GaveWay(StoreUnavailable):
    """The database ended the transaction for the sake of another; the same call succeeds later."""


class OutcomeUnknown(StoreUnavailable):
    """It may have been written or not, and the database does not say; a repetition must be safe.

    `undone_by_next_write` says that whoever writes next, and be it the same again, undoes it first.
    """

    def __init__(self, message: str, *, undone_by_next_write: bool = False) -> None:
        super().__init__(message)
        self.undone_by_next_write = undone_by_next_write


class StoreUnusable(StoreError):
    """This store cannot be used as it is, now or later, without somebody's help."""


class CorruptArtifact(HeadwayError):
    """The file's content does not have the hash that was recorded for it."""


class OperationFailed(HeadwayError):
    """Raise it in an operation: its text becomes the job's `error`; the job may be retried.

    `result` is what was found all the same: the `result` of a job that fails for good.
    """

    def __init__(self, message: str = "", *, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class NotRetryable(OperationFailed):
    """Raise it in an operation when another attempt could only fail again."""


class StopAttempt(BaseException):
    """The attempt must end. A `BaseException`, so that `except Exception` does not swallow it."""


class Cancelled(StopAttempt):
    """The job was cancelled."""


class Interrupted(StopAttempt):
    """The worker is stopping; the job continues from its last checkpoint in another attempt."""
