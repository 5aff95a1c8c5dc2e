"""How facts become lines of the log: the one place that formats them.

A line is one event whatever stands in it: control characters and line separators are escaped, so
nobody can write a line of his own into the log. What looks like a secret is masked.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TextIO

from headway.events.doings import AttemptEnded, Doing, RequestAnswered

_NOTHING: Final[Mapping[str, str | int]] = MappingProxyType({})
_about: ContextVar[Mapping[str, str | int]] = ContextVar("about", default=_NOTHING)

_SECRETS: Final = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{12,}"), r"\1 ***"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"(?i)(://[^\s/:@]*):[^\s/@]*@"), r"\1:***@"),
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|secret_key|token|ticket|api_key)(=|: ?)[^\s&,;]+"
        ),
        r"\1\2***",
    ),
)
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; the rest was given as `extra`."""


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Have every line that is logged inside say this too: request, user, job, attempt."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def tell_about(**fields: str | int) -> None:
    """As `about`, until the task at hand ends."""
    _about.set({**_about.get(), **fields})


def masked(text: str) -> str:
    """The text without what looks like a password, a token or a URL with one in it."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def one_line(text: str) -> str:
    """The text with everything escaped that is no visible character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Filled(logging.Filter):
    """Gives each record what its line is about, where that is known: in the task that logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never refuses."""
        record.about = _about.get()
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: no terminal and no parser takes any of it for a new line."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        document: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": masked(record.getMessage()),
            **{name: _safe(value) for name, value in _fields(record).items()},
        }
        if record.exc_info:
            document["exception"] = masked(_stack(record))
        return json.dumps(document, ensure_ascii=True, default=str)


class Readable(logging.Formatter):
    """One line a record for people; a stack follows with each of its lines marked."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        fields = "".join(
            f" {name}={one_line(str(_safe(value)))}" for name, value in _fields(record).items()
        )
        said = one_line(masked(record.getMessage()))
        line = f"{_moment(record)} {record.levelname:<7} {record.name}: {said}{fields}"
        if record.exc_info:
            stack = masked(_stack(record)).splitlines()
            line += "".join(f"\n  | {one_line(one)}" for one in stack)
        return line


def log_to(stream: TextIO, level: str = "info") -> None:
    """Write the log of this process there: for people on a terminal, as JSON elsewhere."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(Filled())
    handler.setFormatter(Readable() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # It tells of every plugin it loads, and what the server says of each request we say ourselves.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)


def _moment(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the line is about, and what was given with it."""
    given = {
        name: value
        for name, value in vars(record).items()
        if name not in _OWN and name not in ("about", "color_message")
    }
    return {**getattr(record, "about", {}), **given}


def _safe(value: Any) -> Any:
    return masked(value) if isinstance(value, str) else value


def _stack(record: logging.LogRecord) -> str:
    kind, error, trace = record.exc_info or (None, None, None)
    return "".join(traceback.format_exception(kind, error, trace)).rstrip()


def logged(doing: Doing) -> None:
    """Write a fact as a line: a listener."""
    match doing:
        case RequestAnswered(method, path, route, status, seconds):
            level = logging.ERROR if status >= 500 and status != 503 else logging.INFO
            if _requests.isEnabledFor(level):
                said = {"status": status, "route": route, "ms": round(seconds * 1000, 1)}
                _requests.log(level, "%s %s %d", method, path, status, extra=said)
        case AttemptEnded(job_id, operation, owner, attempt, reason, status, error):
            level = logging.DEBUG if reason == "completed" else logging.INFO
            if _attempts.isEnabledFor(level):
                said = {"job": job_id, "operation": operation, "user": owner, "attempt": attempt}
                text = f"attempt {reason}, the job is {status}" + (f": {error}" if error else "")
                _attempts.log(level, "%s", text, extra=said)


_requests: Final = logging.getLogger("headway.requests")
_attempts: Final = logging.getLogger("headway.attempts")
