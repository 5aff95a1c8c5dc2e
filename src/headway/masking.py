"""Addresses as anybody may see them: who reads one over a shoulder, or in a log, learns no secret."""

import re
from typing import Final
from urllib.parse import unquote_plus

MASK: Final = "********"

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET: Final = re.compile(r"pass(word|wd)?$|pwd|secret|token|key|auth|signature", re.IGNORECASE)
"""Names of what an address may hold after its `?`, and nobody should see."""


def masked_url(url: str) -> str:
    """The address without passwords, and without values of its query that may be some. What has no
    scheme may be anything: of that, only the mask."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return MASK
    # The last @ counts: a password that was not encoded may hold any character.
    user, at, place = url[scheme.end() :].rpartition("@")
    rest, question, query = place.partition("?")
    masked = "&".join(map(_masked_pair, query.split("&")))
    return f"{scheme[0]}{_masked_user(user)}{at}{rest}{question}{masked}"


def _masked_user(user: str) -> str:
    """A name may be seen beside a password; alone it may be a token."""
    name, colon, _ = user.partition(":")
    return f"{name}:{MASK}" if colon else user and MASK


def _masked_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals and _SECRET.search(unquote_plus(name)) else pair
