"""Every error the client raises on purpose.

ClientError (HeadwayError)
├── ApiError                 the server refused: `status`, `code`, `detail`, `errors`, `request_id`
│   ├── BadRequest           it cannot be read, or asks for what cannot be
│   │   └── AlreadyFinished  the job has ended and cannot be cancelled
│   ├── Unauthorized         no valid token, or a wrong name or password
│   ├── NotAuthorized        it exists, and it is not for this user
│   ├── NotFound             no such job, artefact or route
│   │   └── Gone             there was one; its history was removed after its time
│   ├── Conflict             the present state does not allow this
│   │   └── NotFinished      the job has not ended and cannot be retried
│   ├── TooLarge             the body is larger than the service takes
│   ├── UnsupportedMedia     the body is of a type that is not read there
│   ├── RangeNotSatisfiable  the file has nothing at the bytes that were asked for
│   ├── InvalidInput         well formed and wrong: `errors` pairs JSON pointers with sentences
│   │   ├── UnknownOperation
│   │   ├── UnknownArtifact
│   │   └── KeyReused        the idempotency key came with another request before
│   ├── RateLimited          too much at once: come back after `retry_after` seconds
│   └── ServerFault          the service failed
│       └── Unavailable      ... for a moment: nothing was written, try again
├── Unreachable              no answer came
│   ├── NeverSent            the request did not leave: nothing can have happened
│   ├── TimedOut             it was sent, and nothing came in time
│   ├── Broken               the connection broke before the answer was whole
│   └── Untrusted            the server's certificate was refused
├── BadAddress               the URL is none that can be asked
├── UnexpectedAnswer         something answered that is not this service, or is newer than we are
├── CircuitOpen              the service failed again and again; not asked until it had a rest
├── JobFailed                the job whose result was asked for has failed
│   └── JobCancelled
├── StillRunning             the job did not end in the time that was given
└── NotReady                 the service did not become ready in the time that was given

An error that ended several attempts carries them as `attempts`, and says so in its notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headway.errors import HeadwayError


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that failed."""

    number: int
    reason: str
    waited: float | None
    """Seconds until the next one; None after the last."""


class ClientError(HeadwayError):
    """The root of all errors the client raises."""

    attempts: tuple[Attempt, ...] = ()
    """What was tried before; empty where nothing was repeated."""


class ApiError(ClientError):
    """The server refused, or could not do, what was asked; the text is its `detail`."""

    def __init__(
        self,
        status: int,
        detail: str,
        code: str | None = None,
        *,
        errors: Sequence[tuple[str, str]] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after = retry_after


class BadRequest(ApiError):
    """The request cannot be read, or asks for what cannot be."""


class AlreadyFinished(BadRequest):
    """The job has ended; it can no longer be cancelled."""


class Unauthorized(ApiError):
    """No valid token, or a wrong name or password."""


class NotAuthorized(ApiError):
    """It exists, and it is not for this user."""


class NotFound(ApiError):
    """There is no such thing, or there is none any more."""


class Gone(NotFound):
    """There was such a job; it ended, and its history was removed."""


class Conflict(ApiError):
    """The present state does not allow this."""


class NotFinished(Conflict):
    """The job has not ended; it cannot be retried yet."""


class TooLarge(ApiError):
    """The body is larger than the service takes."""


class UnsupportedMedia(ApiError):
    """The body is of a type that is not read there."""


class RangeNotSatisfiable(ApiError):
    """The file has nothing at the bytes that were asked for."""


class InvalidInput(ApiError):
    """Well formed and wrong. `errors` pairs JSON pointers into the body with sentences."""


class UnknownOperation(InvalidInput):
    """No operation of this name is registered there."""


class UnknownArtifact(InvalidInput):
    """No data set, model or file of this name can be seen by this user."""


class KeyReused(InvalidInput):
    """The idempotency key was used for a different request."""


class RateLimited(ApiError):
    """Too much at once; `retry_after` says when to come back."""


class ServerFault(ApiError):
    """The service failed."""


class Unavailable(ServerFault):
    """The service cannot answer right now; nothing was written."""


class Unreachable(ClientError):
    """No answer came."""


class NeverSent(Unreachable):
    """The request did not leave this host: nothing can have happened."""


class TimedOut(Unreachable):
    """The request was sent, and no answer came in time."""


class Broken(Unreachable):
    """The connection broke before the answer was whole."""


class Untrusted(Unreachable):
    """The server's certificate was refused."""


class BadAddress(ClientError):
    """The URL is none that can be asked."""


class UnexpectedAnswer(ClientError):
    """Something answered that is not this service, or a version of it that we do not know."""


class CircuitOpen(ClientError):
    """The service failed again and again; it is not asked until it has had a rest."""


class JobFailed(ClientError):
    """The job has failed; the text is its `error`."""

    def __init__(self, job_id: str, text: str) -> None:
        super().__init__(text)
        self.job_id = job_id


class JobCancelled(JobFailed):
    """The job was cancelled."""


class StillRunning(ClientError):
    """The job did not end in the time that was given."""


class NotReady(ClientError):
    """The service did not become ready in the time that was given."""
