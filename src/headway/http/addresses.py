"""Whom a request comes from, as far as anybody can tell."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.requests import HTTPConnection

from headway.settings import Network

_HOME: Final = 64
"""Bits of an IPv6 address that tell networks apart: whoever has one has all addresses in it."""


def address_of(connection: HTTPConnection, trusted: Sequence[Network]) -> str:
    """The client's address; of IPv6 its network. What a header says of it counts only where the
    peer is a proxy that is trusted, and no further back than to the last one that is."""
    peer = connection.client.host if connection.client else "a local socket"
    if not _is_trusted(peer, trusted):
        return _told(peer)
    forwarded = ",".join(connection.headers.getlist("x-forwarded-for"))
    for hop in reversed([one.strip() for one in forwarded.split(",") if one.strip()]):
        if not _is_trusted(hop, trusted):
            return _told(hop)
        peer = hop
    return _told(peer)


def _is_trusted(host: str, trusted: Sequence[Network]) -> bool:
    address = ip_address_of(host)
    return address is not None and any(address in network for network in trusted)


def _told(host: str) -> str:
    address = ip_address_of(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, _HOME), strict=False))
    return host[:64] if address is None else str(address)


def ip_address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that the text is, an IPv4 one also where it stands in IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
