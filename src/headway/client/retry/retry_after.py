"""`Retry-After` in every form that RFC 9110 has."""

import math
import re
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


def seconds_of(value: str | None, *, now: float, date: str | None = None) -> float | None:
    """The wait that the header asks for; 0 for a date gone by, None for what is no wait at all.

    A date is measured against the answer's own `Date`, where there is one: the two clocks may differ.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _moment(text)
    if until is None:
        return None
    sent = None if date is None else _moment(date)
    return max(0.0, until - (now if sent is None else sent))


def _moment(text: str) -> float | None:
    """A date in one of HTTP's three forms, as seconds since the epoch."""
    try:
        # `timestamp` of a date without a zone would be local time; HTTP's dates are all in GMT.
        seconds = parsedate_to_datetime(text[:64].removesuffix("GMT") + "+0000").timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None
