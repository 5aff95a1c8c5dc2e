"""What the addresses of brokers and mail servers must look like, so that a wrong one is told of at
the start. Pure: whether anybody is there is seen when they are used."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_REDIS: Final = frozenset({"redis", "rediss"})
_AMQP: Final = frozenset({"amqp", "amqps"})
_MAIL: Final = frozenset({"smtp", "smtps"})
_SENDER: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]+")


def broker_mistake(url: str) -> str | None:
    """What is wrong with the address of a broker, without a word of it; None if nothing is."""
    mistake, parts = _mistake(url, _REDIS | _AMQP)
    if mistake is None and parts.scheme in _REDIS and not re.fullmatch(r"/?[0-9]*", parts.path):
        return "one whose database is no number"
    return mistake


def mail_mistake(url: str) -> str | None:
    """The same for the address of a mail server."""
    mistake, parts = _mistake(url, _MAIL)
    if mistake is None and (parts.path not in ("", "/") or parts.query or parts.fragment):
        return "one with more behind the port"
    return mistake


def is_sender(address: str) -> bool:
    """Whether this is the address of one mailbox that mail can come from."""
    return _SENDER.fullmatch(address) is not None


def _mistake(url: str, schemes: frozenset[str]) -> tuple[str | None, SplitResult]:
    # A password that was not encoded may stand where a port should: nothing of it is repeated.
    nothing = urlsplit("")
    if not url.isascii() or re.search(r"[\x00-\x20\x7f]", url):
        return "one with other than visible ASCII characters", nothing
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return (
            "one whose port is no number up to 65535; / and @ in a password are %2F and %40",
            nothing,
        )
    if parts.scheme not in schemes or not url.lower().startswith(f"{parts.scheme}://"):
        return "one that begins otherwise", parts
    if not parts.hostname:
        return "one without a host", parts
    if port == 0:
        return "one whose port is 0", parts
    return None, parts
