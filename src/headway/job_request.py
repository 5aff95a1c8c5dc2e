"""What somebody asks for, and all of it that can be checked without the store."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256 as sha256_of
from math import inf
from typing import Final

import orjson
from pydantic import ValidationError

from headway.errors import InvalidInput
from headway.job import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, Json
from headway.mistakes import mistakes, summary
from headway.operation import Operation
from headway.store.values.submission import IdempotencyKey

_YEAR_10000: Final = 253_402_300_800
"""The first second that no calendar of the standard library has."""

_UNIQUE_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What somebody asks for, not yet checked."""

    operation: str
    owner: str
    input: Json = field(default_factory=dict)
    priority: int = DEFAULT_PRIORITY
    run_at: float | None = None
    timeout: float | None = None
    max_attempts: int | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    idempotency_key: str | None = None
    scope: str = ""
    """The route the key belongs to."""
    told: Json | None = None
    """What the client said, where the input is made of more than that: the key stands for this."""
    unique_key: str | None = None
    """While a job of this owner, operation and key is unfinished, no second one is made."""
    notify: Sequence[Mapping[str, Json]] | None = None
    """Whom to tell of its end: each a `webhook` or an `email`, and `on` which ends; None for those
    whom the owner's settings name."""


def check_bounds(request: JobRequest) -> None:
    """Raise `InvalidInput` where a value lies outside of what a job can have."""
    if not HIGHEST_PRIORITY <= request.priority <= LOWEST_PRIORITY:
        raise InvalidInput(
            f"expected a priority from {HIGHEST_PRIORITY} (first) to {LOWEST_PRIORITY} (last),"
            f" got: {request.priority}",
            pointer="/priority",
        )
    if request.run_at is not None and not 0 <= request.run_at < _YEAR_10000:  # refuses nan too
        raise InvalidInput(
            f"expected run_at in seconds since 1970, before the year 10000, got: {request.run_at}",
            pointer="/run_at",
        )
    if request.timeout is not None and not 0 < request.timeout < inf:
        raise InvalidInput(
            f"expected a timeout above 0 seconds, got: {request.timeout}", pointer="/timeout"
        )
    if request.max_attempts is not None and not 1 <= request.max_attempts <= 100:
        raise InvalidInput(
            f"expected max_attempts from 1 to 100, got: {request.max_attempts}",
            pointer="/max_attempts",
        )
    if request.unique_key is not None and not _UNIQUE_KEY.fullmatch(request.unique_key):
        raise InvalidInput(
            "expected a unique_key of 1 to 255 visible ASCII characters, got another",
            pointer="/unique_key",
        )
    try:
        orjson.dumps(request.metadata, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:  # else it would fail the group it is committed with
        raise InvalidInput(
            f"expected metadata that JSON can hold, got: {error}", pointer="/metadata"
        ) from None


def validated(operation: Operation, value: Json) -> bytes:
    """The input as the operation's model understands it, as JSON."""
    try:
        return operation.input.model_validate(value).model_dump_json(by_alias=True).encode()
    except ValidationError as error:
        found = mistakes(error, "/input")
        detail = f"the input does not fit {operation.name}: {summary(found, '/input')}"
        raise InvalidInput(detail, errors=found) from None


def key_of(request: JobRequest, body: bytes) -> IdempotencyKey:
    """The request's key with a fingerprint of all that makes it the same request."""
    rest = [
        request.operation,
        request.priority,
        request.run_at,
        request.timeout,
        request.max_attempts,
        dict(request.metadata),
        *later_parts(request),
    ]
    told = body if request.told is None else _canonical(request.told)
    return IdempotencyKey(
        scope=request.scope,
        key=request.idempotency_key or "",
        fingerprint=sha256_of(_canonical(rest) + told).hexdigest(),
    )


def later_parts(request: JobRequest) -> list[Json]:
    """What requests can say since keys are kept, for every fingerprint: only where this one says
    it, so that keys of before are still known."""
    parts: list[Json] = []
    if request.unique_key is not None:
        parts.append(request.unique_key)
    if request.notify is not None:
        notify = _canonical([dict(one) for one in request.notify])
        parts.append(["notify", notify.decode()])
    return parts


def _canonical(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
