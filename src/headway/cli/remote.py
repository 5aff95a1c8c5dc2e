"""Commands that speak to a service: who signs in, where, and what its refusals are as exit codes."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from headway.cli.exits import exit_of
from headway.cli.tokens import KeptTokens
from headway.client import Client
from headway.client.errors import ClientError, Unauthorized
from headway.errors import InvalidInput, SettingsError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
DEMO: Final = ("alice", "secret123")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that speaks to a service."""
    add_address(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where the service is."""
    parser.add_argument(
        "--url", help=f"the service; else HEADWAY_URL, else {DEFAULT_URL}", metavar="URL"
    )


def speak(given: argparse.Namespace, act: Callable[[Client], int], *, anew: bool = False) -> int:
    """Do this with a client that is signed in, and turn a refusal into a sentence and a code."""
    try:
        with signed_in(given.url, anew=anew) as client:
            return act(client)
    except ClientError as error:
        print(f"headway: {error}", file=sys.stderr)
        if isinstance(error, Unauthorized) and not isinstance(error, _NotSignedIn):
            print("headway: sign in anew with: headway login", file=sys.stderr)
        return exit_of(error)


@contextmanager
def signed_in(url: str | None, *, anew: bool = False) -> Iterator[Client]:
    """A client with a token: given, kept, or asked for.

    With `anew` none that is kept is used, and to keep the new one is what matters: raise
    `SettingsError` where that cannot be.
    """
    url = address(url)
    token = given_token()
    if token is not None:
        with Client(url, token=token) as client:
            yield client
        return
    kept = KeptTokens.of_user()
    user, password = os.environ.get("HEADWAY_USER"), os.environ.get("HEADWAY_PASSWORD")
    token = None if anew else kept.get(url, user)
    if token is None or (user and password):
        user, password = credentials(url, user, password)
    with Client(url, user, password, token=token) as client:
        if token is None and user is not None:
            _keep(kept, url, user, client.sign_in(), must=anew)
        yield client


def given_token() -> str | None:
    """The token of the environment, which counts before any that is kept."""
    token = os.environ.get("HEADWAY_TOKEN")
    if token and not (token.isascii() and token.isprintable()):
        raise InvalidInput("expected HEADWAY_TOKEN of visible ASCII characters, got others in it")
    return token or None


def _keep(kept: KeptTokens, url: str, user: str, token: str, *, must: bool) -> None:
    try:
        kept.keep(url, user, token)
    except SettingsError as error:
        if must:
            raise
        print(f"headway: {error}; until then, each command signs in", file=sys.stderr)


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
