"""`headway models`: the models you can use."""

import argparse

from headway.cli.artefacts import parser_of, show


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    return parser_of("models", "models")


def run(given: argparse.Namespace) -> int:
    """Show them."""
    return show(given, lambda client: client.models())
