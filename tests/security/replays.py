"""What schemathesis is told of repeated requests: it loads this by `SCHEMATHESIS_HOOKS`.

A request that comes again under its Idempotency-Key is answered as it was, also where what it made
was deleted since. Keys come again by chance, so that one answer is no promise that anything is there.
"""

from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import EnsureResourceAvailability

_replayed: set[str] = set()
"""Where such answers said that something was made."""


@schemathesis.hook
def after_call(context: Any, case: Any, response: Response) -> None:
    """Remember what is told again."""
    if "idempotent-replayed" in response.headers:
        _replayed.update(response.headers.get("location", ()))


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Response) -> bool:
    """Keep all failures but that of what was told again and is not there."""
    is_missing = isinstance(failure, EnsureResourceAvailability)
    return not (is_missing and urlsplit(response.request.url or "").path in _replayed)
