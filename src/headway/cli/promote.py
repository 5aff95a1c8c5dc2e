"""`headway promote`: an alias of a model points to a version."""

import argparse

from headway.cli import remote
from headway.cli.printing import print_json
from headway.client import Client


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway promote",
        description="Point an alias to a version: whoever asks for NAME@ALIAS gets it from then on."
        " The alias `default` answers those who name no model.",
    )
    remote.add_options(parser)
    parser.add_argument("name", metavar="NAME", help="the model's name")
    parser.add_argument("version", type=int, metavar="VERSION", help="one of its versions")
    parser.add_argument("--alias", default="production", help="production by default")
    parser.add_argument(
        "--expected", type=int, metavar="VERSION", help="only if it points to this one now"
    )
    parser.add_argument("--dataset", action="store_true", help="of a data set instead")
    return parser


def run(given: argparse.Namespace) -> int:
    """Move it."""

    def promote(client: Client) -> int:
        moved = client.promote(
            given.name,
            given.version,
            given.alias,
            kind="datasets" if given.dataset else "models",
            expected=given.expected,
        )
        if given.json:
            print_json(moved.model_dump(mode="json"))
        else:
            print(f"{moved.reference} is version {moved.version}")
        return 0

    return remote.speak(given, promote)
