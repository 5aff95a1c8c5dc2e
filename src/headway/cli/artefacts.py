"""What `headway datasets` and `headway models` share: a table of artefacts."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final

from headway.cli import remote
from headway.cli.printing import print_json, print_table
from headway.client import Client
from headway.wire.catalog import ArtifactView

HEADER: Final = ("reference", "aliases", "size", "created", "owner")


def parser_of(command: str, plural: str) -> argparse.ArgumentParser:
    """What such a command takes."""
    parser = argparse.ArgumentParser(
        prog=f"headway {command}",
        description=f"Show the {plural} you can use, newest first; then those that come with it.",
    )
    remote.add_options(parser)
    return parser


def show(given: argparse.Namespace, ask: Callable[[Client], Sequence[ArtifactView]]) -> int:
    """Ask for them and print them."""

    def tell(client: Client) -> int:
        found = ask(client)
        if given.json:
            print_json([one.model_dump(mode="json") for one in found])
        else:
            print_table(HEADER, [_row(one) for one in found])
        return 0

    return remote.speak(given, tell)


def _row(one: ArtifactView) -> Sequence[object]:
    created = (
        None if one.created_at is None else one.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    )
    size = None if one.size is None else f"{one.size:,}"
    return (one.reference, ", ".join(one.aliases), size, created, one.owner or "everybody")
