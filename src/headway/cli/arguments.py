"""Kinds of arguments that more than one command takes: what is wrong with one is a usage error."""

from argparse import ArgumentTypeError
from typing import Final

_PORTS: Final = range(65_536)


def port(given: str) -> int:
    """The number of a port; 0 stands for any free one."""
    number = _whole(given)
    if number not in _PORTS:
        raise ArgumentTypeError(f"expected a port of 0 to {_PORTS[-1]}, got {given[:40]!r}")
    return number


def count(given: str) -> int:
    """How many of something are wanted: one at least."""
    number = _whole(given)
    if number < 1:
        raise ArgumentTypeError(f"expected a number of at least 1, got {given[:40]!r}")
    return number


def csv_list(given: str) -> tuple[str, ...]:
    """Names that are separated by commas, and spaces if somebody likes."""
    names = tuple(name for part in given.split(",") if (name := part.strip()))
    if not names:
        raise ArgumentTypeError(f"expected names separated by commas, got {given[:40]!r}")
    return names


def key(given: str) -> str:
    """An Idempotency-Key, which goes into a header."""
    if not (given and given.isascii() and given.isprintable() and given.strip() == given):
        raise ArgumentTypeError(f"expected a key of visible ASCII characters, got {given[:40]!r}")
    return given


def text(given: str) -> str:
    """What was given, if it is text. Bytes that are none come as lone surrogates, which nothing can
    send: raise `UnicodeEncodeError`."""
    given.encode()
    return given


def _whole(given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise ArgumentTypeError(f"expected a whole number, got {given[:40]!r}") from None
