"""What requests say in their headers: preferences, conditions, idempotency keys."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request

from headway.http.problems import Refused
from headway.job import Job, Status

LONGEST_WAIT: Final = 30
POLL_AFTER: Final = "1"
"""Seconds a client is asked to let pass before it looks again."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_PREFERENCE: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
"""Between commas; those in quotes do not count."""
_LONGEST_PREFERENCES: Final = 1_000
"""Quotes that are never closed are looked for anew at each of them."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `Prefer` (RFC 7240) asks for, as far as it is understood; the rest is ignored."""

    wait: int | None = None
    respond_async: bool = False


NO_PREFERENCES: Final = Preferences()


def preferences(request: Request) -> Preferences:
    """The request's preferences."""
    given = request.headers.getlist("prefer")
    if not given:
        return NO_PREFERENCES
    asked: dict[str, str] = {}
    for one in _PREFERENCE.findall(",".join(given)[:_LONGEST_PREFERENCES]):
        name, _, value = one.partition(";")[0].partition("=")
        asked.setdefault(name.strip().lower(), value.strip(' \t"'))  # the first one counts
    seconds = asked.get("wait", "")
    wait = min(int(seconds[:9]), LONGEST_WAIT) if re.fullmatch("[0-9]+", seconds) else None
    return Preferences(wait, "respond-async" in asked)


def idempotency_key(request: Request) -> str | None:
    """The client's name for this request, or None."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "bad_idempotency_key",
            "expected an Idempotency-Key of 1 to 255 visible ASCII characters, got another",
        )
    return key


def is_from_here(headers: Headers) -> bool:
    """True unless a page of another site asks: browsers always say where a page comes from, other
    programs need not."""
    origin = headers.get("origin")
    if origin is None:
        return True
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and host == headers.get("host")


def etag(version: int) -> str:
    """The weak validator of a job in this version."""
    return f'W/"{version}"'


@dataclass(frozen=True, slots=True)
class Known:
    """What a client has of a job already, as it says in `If-None-Match`."""

    tags: frozenset[str] = frozenset()

    def has(self, version: int) -> bool:
        """True when the client has the job in this version."""
        return "*" in self.tags or f'"{version}"' in self.tags

    def lacks(self, version: int) -> bool:
        """True when the client said what it has, and it is not this version."""
        return bool(self.tags) and not self.has(version)

    def is_worth_waiting(self, job: Job) -> bool:
        """True when whoever would wait for something new has to."""
        return not (job.status.finished or self.lacks(job.version))


NOTHING_KNOWN: Final = Known()


def known(request: Request) -> Known:
    """What the client has, from all lines of `If-None-Match`."""
    given = ",".join(request.headers.getlist("if-none-match"))
    tags = (one.strip().removeprefix("W/") for one in given.split(","))
    return Known(frozenset(one for one in tags if one))


def polling(version: int, status: Status) -> dict[str, str]:
    """The headers of an answer that a client may ask for again."""
    headers = {"ETag": etag(version), "Cache-Control": "private, no-cache"}
    return headers if status.finished else headers | {"Retry-After": POLL_AFTER}


def accepts(request: Request, media_types: Sequence[str]) -> bool:
    """True when the client names one of these types."""
    given = request.headers.get("accept", "")
    return any(one.partition(";")[0].strip() in media_types for one in given.lower().split(","))
