"""What the caller of each route must be allowed."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from headway.rights import Scope

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_needed: Final[dict[Callable[..., Any], Scope]] = {}
_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Say what a caller of this endpoint must be allowed. Of others it is to read, or, unless the
    method only looks, to submit."""

    def mark(endpoint: Endpoint) -> Endpoint:
        _needed[endpoint] = scope
        return endpoint

    return mark


def needed_for(endpoint: object, method: str) -> Scope:
    """What a caller of the endpoint must be allowed."""
    found = _needed.get(endpoint)  # type: ignore[call-overload]  # whatever is routed to
    return found or (Scope.READ if method in _LOOKING else Scope.SUBMIT)
