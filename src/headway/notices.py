"""Who is told of a job's end, and where: what a target may be.

Pure: a name that leads to an address is looked at again when something is sent there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from headway.errors import InvalidInput
from headway.job import FINISHED, Json, Status

MOST_TARGETS: Final = 5
LONGEST_URL: Final = 2_000
LONGEST_ADDRESS: Final = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""

OPERATION: Final = "deliver_notice"
"""Delivers one notice to one target."""

_USUAL_PORTS: Final = frozenset({80, 443})
_SYSTEM_PORTS: Final = 1_024
"""Below it listen the services of machines: none but those of HTTP is asked for."""
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_NOT_EVERYBODYS: Final = tuple(
    ip_network(one)
    for one in (
        "192.0.0.0/24",  # of protocols: RFC 6890
        "192.88.99.0/24",  # relays of 6to4, given up: RFC 7526
        "::/8",  # version 4 in disguise: mapped, compatible, NAT64, also one's own (RFC 8215)
        "2001::/23",  # of protocols, Teredo among them: RFC 2928
        "2002::/16",  # 6to4, version 4 in disguise: RFC 3056
        "3fff::/20",  # for documents: RFC 9637
        "5f00::/16",  # segment routing: RFC 9602
        "fec0::/10",  # site-local, given up and in use nevertheless: RFC 3879
    )
)
"""Networks that some versions of Python take for global."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place that is told."""

    kind: Literal["webhook", "email"]
    to: str
    """A URL, or the address of a mailbox."""
    on: frozenset[Status] = FINISHED
    """The ends of a job that it is told of."""

    def told(self) -> dict[str, Json]:
        """As JSON."""
        return {self.kind: self.to, "on": sorted(self.on)}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where this service may send something."""

    private: bool
    """Also to addresses that only its own network knows."""
    mail: bool
    """Whether it has a mail server."""


NO_REACH: Final = Reach(private=False, mail=False)


def targets_of(wishes: Sequence[Mapping[str, Json]], reach: Reach, below: str) -> list[Target]:
    """The targets that somebody asks for, or `InvalidInput` with a pointer below `below`."""
    targets = []
    for index, wish in enumerate(wishes):
        kind: Literal["webhook", "email"] = "webhook" if "webhook" in wish else "email"
        to = str(wish[kind])
        pointer = f"{below}/{index}/{kind}"
        refused = refused_url(to, reach) if kind == "webhook" else _refused_address(to, reach)
        if refused is not None:
            raise InvalidInput(refused, pointer=pointer)
        targets.append(Target(kind, to, frozenset(map(Status, wish.get("on") or FINISHED))))
    return targets


def refused_url(url: str, reach: Reach) -> str | None:
    """Why nothing may be sent to this URL; None if it may, as far as its text tells."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"expected a URL, got one that cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"expected a URL that begins with https:// and names a host, got: {url[:80]!r}"
    if parts.username is not None or parts.password is not None:
        return "expected a URL without a user or a password in it; receivers check the signature"
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        return "expected a URL of visible ASCII characters; encode what is not"
    return _refused_place(parts, port, reach)


def _refused_place(parts: SplitResult, port: int | None, reach: Reach) -> str | None:
    if port is not None and port not in _USUAL_PORTS and port < _SYSTEM_PORTS:
        return f"expected port 80, 443 or one from {_SYSTEM_PORTS} on, got: {port}"
    if reach.private:
        return None
    host = (parts.hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return f"expected a host that everybody can reach, got: {host}"
    numeric = _as_address(host)
    return None if numeric is None else refused_ip(numeric)


def _as_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address a host is written as; also in the forms that only some programs read as one."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    pieces = host.split(".")
    if len(pieces) <= 4 and all(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", one) for one in pieces):
        return IPv4Address("127.0.0.1")  # 127.1, 0x7f.1, 2130706433: no receiver writes itself so
    return None


def refused_ip(address: IPv4Address | IPv6Address) -> str | None:
    """Why nothing is sent to this address: because not everybody can reach it."""
    if (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address in one for one in _NOT_EVERYBODYS)
    ):
        return f"expected an address that everybody can reach, got one that is not: {address}"
    return None


def _refused_address(address: str, reach: Reach) -> str | None:
    if not reach.mail:
        return "expected a webhook: this service sends no mail; HEADWAY_SMTP_URL lets it"
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return f"expected the address of one mailbox, got: {address[:80]!r}"
    return None
