"""Paths in answers, as whoever reads them must ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_below: ContextVar[str] = ContextVar("headway_below", default="")


def place(path: str) -> str:
    """The path of ours, below the prefix that the present request has found us at."""
    return _below.get() + path


def placeless(path: str) -> str:
    """The path of a request without that prefix: as our routes name it."""
    return path.removeprefix(_below.get())


@contextmanager
def below(prefix: str) -> Iterator[None]:
    """Answer what happens inside as one who is found below this prefix."""
    token = _below.set(prefix)
    try:
        yield
    finally:
        _below.reset(token)
