"""`headway login`: sign in once, for the commands that follow."""

import argparse
import sys

from headway.cli import remote
from headway.cli.exits import exit_of
from headway.cli.printing import print_json
from headway.cli.tokens import KeptTokens
from headway.client import Client
from headway.client.errors import ClientError, Unauthorized


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway login",
        description="Sign in to a service. The token is kept for your eyes only, until it expires.",
    )
    remote.add_options(parser)
    parser.add_argument(
        "--forget", action="store_true", help="end the token that is kept, and drop it"
    )
    return parser


def run(given: argparse.Namespace) -> int:
    """Get a token and keep it in the place of the one before; or end that, and drop it."""
    url = remote.address(given.url)
    if given.forget:
        return _forget(url)

    def tell(client: Client) -> int:
        user = client.me()
        if given.json:
            print_json({"url": url, "username": user.username})
        else:
            print(f"Signed in to {url} as {user.username}")
        if remote.given_token() is not None:
            print(
                "headway login: HEADWAY_TOKEN is set, so it counts, and no token is kept: unset it to"
                " sign in otherwise",
                file=sys.stderr,
            )
        return 0

    return remote.speak(given, tell, anew=True)


def _forget(url: str) -> int:
    """Drop the token here whatever the service says of it."""
    kept = KeptTokens.of_user()
    token = kept.get(url)
    was_there = kept.forget(url)
    if token is not None:
        try:
            with Client(url, token=token) as client:
                client.sign_out()
        except Unauthorized:  # it has ended already
            pass
        except ClientError as error:
            print(
                f"headway: the token for {url} is forgotten here, and good until it expires: {error}",
                file=sys.stderr,
            )
            return exit_of(error)
    print(f"The token for {url} is forgotten" if was_there else f"There is none for {url}")
    return 0
