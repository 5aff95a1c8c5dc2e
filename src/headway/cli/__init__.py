"""The command line: argument parsing and one call each.

Each command's module is loaded by name, so that `headway --help` imports none of them.
"""

import argparse
import importlib
import sys
from typing import Final

from headway.errors import HeadwayError

COMMANDS: Final = {
    "serve": "run the API and an embedded worker",
    "work": "run a worker",
    "db": "back up, check or upgrade the database",
    "demo": "import, train, evaluate and predict, and watch it live",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="headway", description="Durable jobs for ML APIs.", epilog=_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="options of the command")
    chosen = parser.parse_args(arguments[:1] or ["--help"])
    command = importlib.import_module(f"headway.cli.{chosen.command}")
    try:
        code: int = command.run(arguments[1:])
    except HeadwayError as error:
        print(f"headway {chosen.command}: {error}", file=sys.stderr)
        return 1
    return code


def _table() -> str:
    width = max(map(len, COMMANDS))
    return "commands:\n" + "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
