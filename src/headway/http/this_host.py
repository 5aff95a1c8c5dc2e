"""Whether a request comes from this host, and meant this host: development mode answers no other."""

from functools import lru_cache
from typing import Final, NamedTuple

from starlette.types import Scope

from headway.http.addresses import ip_address_of

_NAMES: Final = frozenset({"testclient", "localhost", ""})
"""What a peer on this host is called where it has no address."""
_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


class Elsewhere(NamedTuple):
    """Why a request is not from here."""

    code: str
    detail: str


_OTHERWISE: Final = (
    "set HEADWAY_MODE=production, or HEADWAY_ALLOW_REMOTE=true if strangers may use the published"
    " passwords"
)
_REMOTE: Final = Elsewhere(
    "remote_refused", f"In development mode only this host is answered; {_OTHERWISE}"
)
_PROXIED: Final = Elsewhere(
    "remote_refused",
    "In development mode only this host is answered, and no request that was forwarded"
    f" (Forwarded, X-Forwarded-For, X-Real-IP); {_OTHERWISE}",
)
_MISNAMED: Final = Elsewhere(
    "foreign_host",
    "In development mode this host is called localhost or by its address, and the request's Host is"
    f" another; {_OTHERWISE}",
)


def elsewhere(scope: Scope) -> Elsewhere | None:
    """Why the request is from elsewhere, as far as anybody can tell; None if it is from here.

    A server that trusts every proxy takes the address from a header that anybody can send. And a
    page of another site whose name leads here (DNS rebinding) asks from here, by that name.
    """
    if not is_from_this_host(scope):
        return _REMOTE
    for name, value in scope["headers"]:
        if name in _FORWARDED:
            return _PROXIED
        if name == b"host" and not _is_ours(value):
            return _MISNAMED
    return None


def is_from_this_host(scope: Scope) -> bool:
    """True for loopback addresses, Unix sockets and the test client."""
    client = scope.get("client")
    return not client or _is_loopback(str(client[0]))


def is_forwarded(scope: Scope) -> bool:
    """True when a proxy says that it asks for somebody else."""
    return any(name in _FORWARDED for name, _ in scope["headers"])


@lru_cache(maxsize=1_024)
def _is_loopback(host: str) -> bool:
    address = ip_address_of(host)
    return host in _NAMES if address is None else address.is_loopback


@lru_cache(maxsize=1_024)
def _is_ours(given: bytes) -> bool:
    """True for an address, and for names that no other site can have: those without a dot, as this
    host has in its own network, and those below `localhost`."""
    told = given.decode("latin-1").lower()
    bracketed, closing, _ = told.removeprefix("[").partition("]")
    name = bracketed if closing else told.partition(":")[0]
    name = name.removesuffix(".")
    return "." not in name or name.endswith(".localhost") or ip_address_of(name) is not None
