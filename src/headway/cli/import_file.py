"""`headway import`: a CSV file becomes a data set."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from headway.cli import remote
from headway.cli.arguments import key
from headway.cli.following import follow
from headway.cli.printing import print_json
from headway.cli.schema_options import rest_of
from headway.client import Client
from headway.errors import InvalidInput

TAKES_MORE: Final = True
"""How to read a file is said by options of the operation, and the service is asked for them."""

OPERATION: Final = "import_csv"


DESCRIPTION: Final = "Upload a CSV file and make a data set of it. With a file, --help shows how to say what is in it."


def parser() -> argparse.ArgumentParser:
    """What the command takes for every file."""
    parser = argparse.ArgumentParser(
        prog="headway import", description=DESCRIPTION, add_help=False, parents=[_general()]
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this and end")
    return parser


def _general() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    remote.add_options(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="else the bundled sample")
    parser.add_argument(
        "--key", type=key, help="an Idempotency-Key: with it the import is made once"
    )
    parser.add_argument("--watch", action="store_true", help="follow it to its end")
    return parser


def run(given: argparse.Namespace) -> int:
    """Upload, tell the job's id, and follow it if that is wanted."""
    if given.file is None and given.help:
        parser().print_help()
        return 0
    if given.file is not None and not given.help and not Path(given.file).is_file():
        raise InvalidInput(f"expected a CSV file, got {given.file}: there is none")
    return remote.speak(given, lambda client: _import(client, given))


def _import(client: Client, given: argparse.Namespace) -> int:
    job = client.import_csv(given.file, key=given.key, **_options(client, given))
    if given.watch:
        return follow(job, as_json=given.json)
    if given.json:
        print_json(job.now().model_dump(mode="json"))
    else:
        print(job.id)
        print(f"Follow it with: headway watch {job.id}", file=sys.stderr)
    return 0


def _options(client: Client, given: argparse.Namespace) -> dict[str, Any]:
    if not (given.extra or given.help):
        return {}
    found = next(one for one in client.operations() if one.job_type == OPERATION)
    schema = dict(found.input_schema)
    schema["properties"] = {
        name: field
        for name, field in schema["properties"].items()
        if name not in ("file", "filename")  # the upload says those
    }
    own = argparse.ArgumentParser(
        prog="headway import", description=DESCRIPTION, parents=[_general()]
    )
    return rest_of(own, schema, ["--help"] if given.help else given.extra)
