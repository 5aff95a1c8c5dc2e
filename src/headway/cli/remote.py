"""Commands that speak to a service: who signs in, where, and what its refusals are as exit codes."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from headway.cli.exits import Exit
from headway.cli.tokens import KeptTokens
from headway.client import Client
from headway.client.errors import (
    CircuitOpen,
    ClientError,
    JobCancelled,
    JobFailed,
    NotAuthorized,
    NotFound,
    NotReady,
    Unauthorized,
    Unavailable,
    Unreachable,
)

DEFAULT_URL: Final = "http://127.0.0.1:8000"
DEMO: Final = ("alice", "secret123")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

EXITS: Final = {
    Unauthorized: Exit.NOT_ALLOWED,
    NotAuthorized: Exit.NOT_ALLOWED,
    NotFound: Exit.NOT_FOUND,
    Unreachable: Exit.UNREACHABLE,
    Unavailable: Exit.UNREACHABLE,
    CircuitOpen: Exit.UNREACHABLE,
    NotReady: Exit.UNREACHABLE,
    JobCancelled: Exit.JOB_CANCELLED,
    JobFailed: Exit.JOB_FAILED,
    ClientError: Exit.FAILED,
}
"""The first that an error is one of counts."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that speaks to a service."""
    add_address(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where the service is."""
    parser.add_argument(
        "--url", help=f"the service; else HEADWAY_URL, else {DEFAULT_URL}", metavar="URL"
    )


def speak(given: argparse.Namespace, act: Callable[[Client], int]) -> int:
    """Do this with a client that is signed in, and turn a refusal into a sentence and a code."""
    try:
        with signed_in(given.url) as client:
            return act(client)
    except ClientError as error:
        print(f"headway: {error}", file=sys.stderr)
        if isinstance(error, Unauthorized) and not isinstance(error, _NotSignedIn):
            print("headway: sign in anew with: headway login", file=sys.stderr)
        return next(code for kind, code in EXITS.items() if isinstance(error, kind))


@contextmanager
def signed_in(url: str | None) -> Iterator[Client]:
    """A client with a token: given, kept, or asked for."""
    url = address(url)
    token = os.environ.get("HEADWAY_TOKEN")
    if token:
        with Client(url, token=token) as client:
            yield client
        return
    kept = KeptTokens.of_user()
    user, password = os.environ.get("HEADWAY_USER"), os.environ.get("HEADWAY_PASSWORD")
    token = kept.get(url, user)
    if token is None or (user and password):
        user, password = credentials(url, user, password)
    with Client(url, user, password, token=token) as client:
        if token is None and user is not None:
            kept.keep(url, user, client.sign_in())
        yield client


def address(given: str | None) -> str:
    """The service to speak to."""
    return (given or os.environ.get("HEADWAY_URL") or DEFAULT_URL).rstrip("/")


def credentials(url: str, user: str | None, password: str | None) -> tuple[str, str]:
    """Name and password: from the environment, else from whoever sits there.

    On this host the demo user is offered, who exists in development mode alone.
    """
    is_here = urlsplit(url).hostname in _LOOPBACK
    if user and password:
        return user, password
    if not sys.stdin.isatty():
        hint = f", or {DEMO[0]} and {DEMO[1]} in development mode" if is_here else ""
        raise _NotSignedIn(
            401,
            f"expected a sign-in to {url}, got none: set HEADWAY_TOKEN, or HEADWAY_USER and"
            f" HEADWAY_PASSWORD{hint}",
        )
    offered = f" [{DEMO[0]}, the demo user]" if is_here else ""
    user = user or _asked(f"User name at {url}{offered}: ")
    if not user and is_here:
        return DEMO
    return user, getpass.getpass(f"Password of {user}: ", sys.stderr)


def _asked(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


class _NotSignedIn(Unauthorized):
    """Nobody is there to be asked."""
