"""`headway doctor`: what is wrong here, and how to mend it."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from headway.cli import check_service, check_site
from headway.cli.arguments import port
from headway.cli.diagnosis import Diagnosis, Grade, wrong
from headway.cli.settings import unknown_names
from headway.cli.starting import find_modules_here
from headway.errors import SettingsError
from headway.settings import Settings

SIGNS: Final = {Grade.WELL: "ok    ", Grade.NOTE: "note  ", Grade.WRONG: "WRONG "}


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway doctor", description="Find out what is wrong, and how to mend it."
    )
    parser.add_argument("--data-dir", type=Path, help="where everything is kept")
    parser.add_argument("--port", type=port, default=8000, help="the port to serve on")
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    return parser


def run(given: argparse.Namespace) -> int:
    """Look at everything and tell; exit code 1 when something is wrong. Changes nothing."""
    find_modules_here()
    found = list(_examined(given))
    if given.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for one in found:
            print(f"{SIGNS[one.grade]}{one.what}")
            if one.remedy:
                print(f"          -> {one.remedy}")
    failed = sum(one.grade is Grade.WRONG for one in found)
    if failed:
        print(f"headway doctor: {failed} of {len(found)} are wrong", file=sys.stderr)
    return 1 if failed else 0


def _examined(given: argparse.Namespace) -> Iterator[Diagnosis]:
    unknown = unknown_names(os.environ)
    for sentence in unknown.values():
        yield wrong(sentence, "headway settings shows those there are")
    known = {name: value for name, value in os.environ.items() if name not in unknown}
    try:
        settings = Settings.from_env(known, data_dir=given.data_dir)
    except SettingsError as error:
        yield wrong(str(error), "headway settings shows where each was set")
        return
    yield from check_site.examine(settings, given.port)
    yield from check_service.examine(settings)
