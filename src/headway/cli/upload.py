"""`headway upload`: a file is stored on the service, for the jobs that name it."""

import argparse
from pathlib import Path

from headway.cli import remote
from headway.cli.printing import print_json
from headway.client import Client
from headway.errors import InvalidInput


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway upload",
        description="Store a file on the service, and print the id that jobs name it by:"
        " headway submit batch_predict --file ID.",
    )
    remote.add_options(parser)
    parser.add_argument("file", metavar="FILE", help="CSV, JSON Lines, Parquet or lines of text")
    return parser


def run(given: argparse.Namespace) -> int:
    """Upload it, and tell its id."""
    if not Path(given.file).is_file():
        raise InvalidInput(f"expected a file, got {given.file}: there is none")

    def upload(client: Client) -> int:
        stored = client.upload(given.file)
        if given.json:
            print_json(stored.model_dump(mode="json"))
        else:
            print(stored.id)
        return 0

    return remote.speak(given, upload)
