"""`headway login`: sign in once, for the commands that follow."""

import argparse

from headway.cli import remote
from headway.cli.printing import print_json
from headway.cli.tokens import KeptTokens
from headway.client import Client


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway login",
        description="Sign in to a service. The token is kept for your eyes only, until it expires.",
    )
    remote.add_options(parser)
    parser.add_argument("--forget", action="store_true", help="drop the token that is kept")
    return parser


def run(given: argparse.Namespace) -> int:
    """Drop the token that is kept, and unless that was all, get another."""
    url = remote.address(given.url)
    was_there = KeptTokens.of_user().forget(url)
    if given.forget:
        print(f"The token for {url} is forgotten" if was_there else f"There is none for {url}")
        return 0

    def tell(client: Client) -> int:
        user = client.me()
        if given.json:
            print_json({"url": url, "username": user.username})
        else:
            print(f"Signed in to {url} as {user.username}")
        return 0

    return remote.speak(given, tell)
