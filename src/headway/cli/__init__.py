"""The command line: argument parsing and one call each."""

import argparse
import importlib
import os
import sys

from headway.cli.arguments import text
from headway.cli.commands import COMMANDS, load, takes_more
from headway.cli.exits import Exit, exit_of
from headway.errors import HeadwayError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code is one of `exits.Exit`."""
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = _parser().parse_args(arguments[:1] or ["--help"])
    try:
        return _run(chosen.command, [text(one) for one in arguments[1:]])
    except HeadwayError as error:
        print(f"headway {chosen.command}: {error}", file=sys.stderr)
        return exit_of(error)
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        # Bytes of whoever called us, in an argument, a variable or standard input, that are no text.
        wrong = error.object[error.start : error.end]
        print(
            f"headway {chosen.command}: expected text in {error.encoding}, got {wrong!a}",
            file=sys.stderr,
        )
        return Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough, as `head` has. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE


def _run(name: str, arguments: list[str]) -> int:
    command = load(name)
    parser = command.parser()
    given, extra = parser.parse_known_args(arguments)
    if extra and not takes_more(command):
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    given.extra = extra
    return command.run(given)


class _Version(argparse.Action):
    """Tells the version. What knows it takes longer to import than all that `--help` needs."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Tell it, and end."""
        metadata = importlib.import_module("importlib.metadata")
        print(f"headway {metadata.version('headway')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headway", description="Durable jobs for ML APIs.", epilog=_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="options of the command")
    return parser


def _table() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {told}" for name, (_, told) in COMMANDS.items()]
    return "\n".join(["commands:", *lines, "", "headway COMMAND --help says more about each."])
