"""`headway db`: back up, check or upgrade the database."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from headway.cli.on_site import add_data_dir
from headway.settings import Settings
from headway.store.backup import back_up
from headway.store.check import check
from headway.store.migrate import HEAD
from headway.store.sqlite import FILE_NAME
from headway.wiring import files_of, open_store, schema_of, sqlite_directory


def run(given: argparse.Namespace) -> int:
    """Do one of the three; exit code 1 when a check found something."""
    return ACTS[given.act](Settings.from_env(data_dir=given.data_dir), given)


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway db", description="Look after the database.")
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    backup = acts.add_parser("backup", help="copy the database, also while the service runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to")
    backup.add_argument("--overwrite", action="store_true", help="take the place of an older copy")
    checked = acts.add_parser(
        "check", help="say what is wrong with it and what to do; changes nothing"
    )
    upgraded = acts.add_parser("upgrade", help="bring it to this version's schema, or make it")
    add_data_dir(backup, checked, upgraded)
    return parser


def _backup(settings: Settings, given: argparse.Namespace) -> int:
    size = back_up(sqlite_directory(settings), given.file, overwrite=given.overwrite)
    print(f"{given.file}: {size:,} bytes, checked and synced")
    print(f"Now copy the files that it names: {files_of(settings).root}")
    return 0


def _check(settings: Settings, _given: argparse.Namespace) -> int:
    directory = sqlite_directory(settings)
    findings = check(directory, files_of(settings).root)
    for one in findings:
        print(f"{one.what}\n    -> {one.remedy}")
    if not findings:
        print(f"{directory / FILE_NAME}: whole, schema {HEAD}")
    return 1 if findings else 0


def _upgrade(settings: Settings, _given: argparse.Namespace) -> int:
    before = schema_of(settings)
    open_store(settings).close()
    is_file = settings.database_url is None
    place = settings.data_dir / FILE_NAME if is_file else "the database of HEADWAY_DATABASE_URL"
    told = "was there already" if before == HEAD else f"was {before or 'not there'}"
    print(f"{place}: schema {HEAD}, {told}")
    return 0


ACTS: Final[dict[str, Callable[[Settings, argparse.Namespace], int]]] = {
    "backup": _backup,
    "check": _check,
    "upgrade": _upgrade,
}
