"""What settings must be, alone and together: each demand is a `ValueError` that says what to do."""

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import parse_qsl

from headway.server_urls import broker_mistake, is_sender, mail_mistake
from headway.strength import bits_of

SHORTEST_SECRET: Final = 32
_MAKE_ONE: Final = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LEAST_BITS: Final = 64.0
"""Secrets made by chance have 80 and more, as far as can be told from one of 32 characters."""
_PUBLISHED: Final = frozenset({"570dad43de1af4c925f92c16a68a50936da42b7dd6fdeb24850507a1199aac89"})
"""Hashes of secrets that look like chance and stand in tutorials."""
_QUEUE: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def password_before_the_host(url: str) -> None:
    """Behind the `?` it would be shown where addresses are."""
    query = url.partition("?")[2]
    if any(name.lower() == "password" for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise ValueError(
            "expected the password before the host, postgresql://USER:PASSWORD@HOST, got one"
            " behind the ?"
        )


def networks(given: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Each is an address or a network."""
    try:
        return tuple(ip_network(one, strict=False) for one in given)
    except ValueError as error:
        raise ValueError(
            f"expected addresses or networks such as 10.0.0.0/8, got: {error}"
        ) from None


def server_and_sender(smtp_url: str | None, mail_from: str | None) -> None:
    """Mail wants both, or neither."""
    if smtp_url is None:
        return
    if mistake := mail_mistake(smtp_url):
        raise ValueError(
            "expected HEADWAY_SMTP_URL as smtp://USER:PASSWORD@HOST:PORT or smtps://..., got:"
            f" {mistake}"
        )
    if not is_sender(mail_from or ""):
        raise ValueError(
            "expected HEADWAY_MAIL_FROM with HEADWAY_SMTP_URL, the address of one mailbox:"
            " name@example.org"
        )


def signing_secret(secret: str | None, *, production: bool) -> None:
    """A long one, and in production one that nobody guesses."""
    if secret is not None and len(secret) < SHORTEST_SECRET:
        raise ValueError(
            f"expected HEADWAY_SECRET_KEY of at least {SHORTEST_SECRET} characters, got"
            f" {len(secret)}; {_MAKE_ONE}"
        )
    if production and secret is None:
        raise ValueError(f"expected HEADWAY_SECRET_KEY in production mode, got none; {_MAKE_ONE}")
    if production and secret is not None and _is_weak(secret):
        raise ValueError(
            "expected HEADWAY_SECRET_KEY made by chance in production mode, got one that can be"
            f" guessed; {_MAKE_ONE}"
        )


def broker_of_celery(engine: str, broker_url: str | None) -> None:
    """Celery wants one, of a kind it knows."""
    if engine != "celery":
        return
    if broker_url is None:
        raise ValueError(
            "expected HEADWAY_BROKER_URL with HEADWAY_ENGINE=celery, got none; name a broker, such"
            " as redis://127.0.0.1:6379/0"
        )
    if mistake := broker_mistake(broker_url):
        raise ValueError(
            "expected HEADWAY_BROKER_URL as redis://HOST:PORT/NUMBER or"
            f" amqp://USER:PASSWORD@HOST:PORT/VHOST, got: {mistake}"
        )


def known_queues(known: Collection[str], wanted: Collection[str]) -> None:
    """Queues have names that every broker takes, and those worked for are among them."""
    for name in known:
        if not _QUEUE.fullmatch(name):
            raise ValueError(
                "expected a queue's name of letters, digits and ._-, at most 100 long, got:"
                f" {name[:120]!r}"
            )
    if unknown := sorted(set(wanted) - set(known)):
        raise ValueError(
            f"expected HEADWAY_QUEUES to name some of {', '.join(known)}, got:"
            f" {', '.join(unknown)}; HEADWAY_ROUTES says which operations have another queue"
        )


def some_of_each(resources: Mapping[str, int]) -> None:
    """A resource of which there is none is not declared."""
    if scarce := sorted(name for name, count in resources.items() if count < 1):
        raise ValueError(
            f"expected HEADWAY_RESOURCES of at least 1 each, got less of: {', '.join(scarce)}"
        )


def _is_weak(secret: str) -> bool:
    published = sha256(secret.strip().encode("utf-8", "surrogateescape")).hexdigest() in _PUBLISHED
    return published or bits_of(secret) < _LEAST_BITS
