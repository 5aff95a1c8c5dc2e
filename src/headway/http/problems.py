"""Every error an HTTP caller can see: what HTTP makes of it, in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Final

from headway import errors

RETRY_SECONDS: Final = "1"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one class of errors is told. `detail` replaces the error's words where they are fixed
    by the contract or may name paths."""

    status: HTTPStatus
    code: str
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


INTERNAL: Final = "Something went wrong here; the log has it under the request id"
_STORE_UNAVAILABLE: Final = Kind(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "store_unavailable",
    "The database cannot be used right now; nothing was written, try again",
    {"Retry-After": RETRY_SECONDS},
)

KINDS: Final[Mapping[type[Exception], Kind]] = {
    errors.HeadwayError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL),
    errors.SettingsError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL),
    errors.InvalidInput: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input"),
    errors.UnknownOperation: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_operation"),
    errors.UnknownArtifact: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_artifact"),
    errors.NotFound: Kind(HTTPStatus.NOT_FOUND, "not_found"),
    errors.Gone: Kind(HTTPStatus.GONE, "gone"),
    errors.NotAuthorized: Kind(HTTPStatus.FORBIDDEN, "not_authorized"),
    errors.Conflict: Kind(HTTPStatus.CONFLICT, "conflict"),
    errors.AlreadyFinished: Kind(
        HTTPStatus.BAD_REQUEST, "already_finished", "Cannot cancel completed job"
    ),
    errors.NotFinished: Kind(HTTPStatus.CONFLICT, "not_finished"),
    errors.NotUnique: Kind(HTTPStatus.CONFLICT, "not_unique"),
    errors.KeyInUse: Kind(HTTPStatus.CONFLICT, "in_flight"),
    errors.KeyReused: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    errors.LimitReached: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "limit_reached"),
    errors.UserLimit: Kind(HTTPStatus.TOO_MANY_REQUESTS, "limit_reached"),
    errors.ServiceLimit: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "limit_reached"),
    errors.HeldUp: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "held_up"),
    errors.TooManyFailures: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too_many_failed_sign_ins"),
    errors.TooManySignIns: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.StoreError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL),
    errors.StoreUnavailable: _STORE_UNAVAILABLE,
    errors.GaveWay: _STORE_UNAVAILABLE,
    errors.ArtifactsUnavailable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "artifacts_unavailable",
        "The bucket of the artefacts cannot be reached right now; try again",
        {"Retry-After": RETRY_SECONDS},
    ),
    errors.OutcomeUnknown: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "outcome_unknown",
        "The database did not say whether this was written; ask again with the same"
        " Idempotency-Key, which makes sure that it is done once",
        {"Retry-After": RETRY_SECONDS},
    ),
    errors.StoreUnusable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unusable",
        "The database cannot be used as it is; whoever runs this service finds why in its log",
        {"Retry-After": "60"},
    ),
    errors.CorruptArtifact: Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "corrupt_artifact",
        "A stored file is not what was written; it was changed or torn, make it again",
    ),
    errors.OperationFailed: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL),
    errors.NotRetryable: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL),
}
"""Every class of `headway.errors` that is an `Exception`; a test proves that none is missing."""


class Refused(Exception):
    """A request that HTTP itself refuses: what the queue behind it never hears of."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)
        self.more = dict(more or {})
        """Further members of the document."""


def limited(error: errors.LimitReached) -> Refused:
    """The refusal of what would pass a limit, in the error's own words."""
    return Refused(
        KINDS[type(error)].status,
        error.code,
        str(error),
        headers={"Retry-After": str(max(1, ceil(error.retry_after)))},
        more={"limit": error.limit, "current": error.current},
    )


def unauthorized(detail: str = "Could not validate credentials") -> Refused:
    """The refusal of a call without a valid bearer token."""
    return Refused(
        HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"}
    )


def refusal_of(error: errors.HeadwayError) -> Refused:
    """The same error in HTTP's words."""
    if isinstance(error, errors.LimitReached):
        return limited(error)
    kind = next(KINDS[base] for base in type(error).__mro__ if base in KINDS)
    found = error.errors if isinstance(error, errors.InvalidInput) else ()
    headers = dict(kind.headers)
    if isinstance(error, errors.HeldUp):
        headers["Retry-After"] = str(error.retry_after)
    more = {}
    if isinstance(error, errors.TooManyFailures):
        more = {"limit": error.limit, "current": error.current}
    detail = kind.detail or str(error)
    return Refused(kind.status, kind.code, detail, headers=headers, errors=found, more=more)
