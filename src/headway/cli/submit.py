"""`headway submit`: a job of any operation; its fields are options."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from headway.cli import remote
from headway.cli.arguments import key
from headway.cli.following import follow
from headway.cli.printing import print_json, print_table
from headway.cli.schema_options import rest_of
from headway.client import Client
from headway.errors import InvalidInput
from headway.wire.catalog import OperationView

TAKES_MORE: Final = True
"""What it takes besides depends on the operation, and the service is asked."""


DESCRIPTION: Final = (
    "Submit a job. Without an operation, list those there are; with one, --help shows its options."
)


def parser() -> argparse.ArgumentParser:
    """What the command takes for every operation."""
    parser = argparse.ArgumentParser(
        prog="headway submit", description=DESCRIPTION, add_help=False, parents=[_general()]
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this and end")
    return parser


def _general() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    remote.add_address(parser)
    parser.add_argument("operation", nargs="?", metavar="OPERATION", help="what to run")
    parser.add_argument(
        "--json", nargs="?", const="", metavar="JSON",
        help="the whole input: JSON, @FILE, or - for standard input; the answer is JSON then, as it"
        " is with --json alone",
    )  # fmt: skip
    parser.add_argument("--priority", help="0 first to 9 last, or urgent, high, normal, low")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="what one attempt may take"
    )
    parser.add_argument("--max-attempts", type=int, metavar="N", help="how often it may fail")
    parser.add_argument("--key", type=key, help="an Idempotency-Key: with it the job is made once")
    parser.add_argument("--watch", action="store_true", help="follow it to its end")
    return parser


def run(given: argparse.Namespace) -> int:
    """Submit, tell the job's id, and follow it if that is wanted."""
    if given.operation is None and given.help:
        parser().print_help()
        return 0
    return remote.speak(given, lambda client: _submit(client, given))


def _submit(client: Client, given: argparse.Namespace) -> int:
    operations = client.operations()
    if given.operation is None:
        return _list(operations, as_json=given.json is not None)
    operation = next((one for one in operations if one.job_type == given.operation), None)
    if operation is None:
        names = ", ".join(sorted(one.job_type for one in operations))
        raise InvalidInput(f"expected one of {names}, got: {given.operation!r}")
    fields = _fields(operation, given.extra, show_help=given.help)
    whole = _read(given.json) if given.json else {}
    job = client.submit(operation.job_type, whole | fields, key=given.key, **_options(given))
    if given.watch:
        return follow(job, as_json=given.json is not None)
    if given.json is not None:
        print_json(job.now().model_dump(mode="json"))
    else:
        print(job.id)
        print(f"Follow it with: headway watch {job.id}", file=sys.stderr)
    return 0


def _list(operations: Sequence[OperationView], *, as_json: bool) -> int:
    if as_json:
        print_json([one.model_dump(mode="json") for one in operations])
    else:
        print_table(
            ("operation", "what it does"), [(one.job_type, one.description) for one in operations]
        )
    return 0


def _fields(operation: OperationView, extra: Sequence[str], *, show_help: bool) -> dict[str, Any]:
    own = argparse.ArgumentParser(
        prog=f"headway submit {operation.job_type}",
        description=operation.description,
        parents=[_general()],
    )
    return rest_of(own, operation.input_schema, ["--help"] if show_help else extra)


def _options(given: argparse.Namespace) -> dict[str, Any]:
    priority = given.priority
    if priority is not None and priority.isdecimal():
        priority = int(priority)
    options = {
        "priority": priority,
        "timeout": given.timeout,
        "max_attempts": given.max_attempts,
    }
    return {name: value for name, value in options.items() if value is not None}


def _read(given: str) -> dict[str, Any]:
    if given == "-":
        text = sys.stdin.read()
    elif given.startswith("@"):
        try:
            text = Path(given[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"expected a file at {given[1:]}, got: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise InvalidInput(f"expected JSON in UTF-8 at {given[1:]}, got: {error}") from None
    else:
        text = given
    try:
        value = orjson.loads(text)
    except ValueError as error:
        raise InvalidInput(f"expected the input as JSON, got {text[:40]!r}: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"expected a JSON object, got: {type(value).__name__}")
    return value
