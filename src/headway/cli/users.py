"""`headway users`: who may sign in."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from headway.errors import Conflict, InvalidInput, NotFound
from headway.http.password_rules import check_password
from headway.http.passwords import hashed
from headway.settings import Settings
from headway.store.identity import User, Users
from headway.wiring import open_store

LONGEST_NAME: Final = 200


def run(given: argparse.Namespace) -> int:
    """Do one of the acts."""
    with _users(Settings.from_env(data_dir=given.data_dir)) as users:
        ACTS[given.act](users, given)
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway users", description="Say who may sign in.")
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="show all of them")
    listed.add_argument("--json", action="store_true", help="as a JSON list")
    named = [
        acts.add_parser("add", help="make one; asks for a password, or reads it from stdin"),
        acts.add_parser("passwd", help="change a password; asks for it, or reads it from stdin"),
        acts.add_parser("disable", help="let one in no more; within seconds also with a token"),
        acts.add_parser("enable", help="let one in again"),
    ]
    for one in named:
        one.add_argument("name", metavar="NAME", help="the user's name")
    for one in (listed, *named):
        one.add_argument("--data-dir", type=Path, help="where the service keeps its data")
    return parser


@contextmanager
def _users(settings: Settings) -> Iterator[Users]:
    store = open_store(settings)
    try:
        yield store.users
    finally:
        store.close()


def _list(users: Users, given: argparse.Namespace) -> None:
    found = list(_all(users))
    if given.json:
        print(json.dumps([_document(one) for one in found], indent=2))
        return
    for one in found:
        state = "disabled" if one.disabled else "enabled"
        print(f"{one.name:<24}  {state:<8}  since {_day(one.created_at)}, {_asked(one)}")
    if not found:
        print("Nobody yet: headway users add NAME", file=sys.stderr)


def _all(users: Users) -> Iterator[User]:
    last = ""
    while page := users.page(after=last):
        yield from page
        last = page[-1].name


def _document(user: User) -> dict[str, Any]:
    last = user.last_request_time
    return {
        "username": user.name,
        "disabled": user.disabled,
        "created_at": _moment(user.created_at),
        "request_count": user.request_count,
        "last_request_time": None if last is None else _moment(last),
    }


def _add(users: Users, given: argparse.Namespace) -> None:
    name = given.name
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()):
        raise InvalidInput(
            f"expected a name of 1 to {LONGEST_NAME} visible characters, got: {name[:80]!r}"
        )
    if users.get(name) is not None:
        raise Conflict(f"expected a new name, got {name!r}: there is one; see headway users passwd")
    if not users.add(name, hashed(_password(name))):
        raise Conflict(f"expected a new name, got {name!r}: somebody has just made it")
    print(f"{name} can sign in")


def _passwd(users: Users, given: argparse.Namespace) -> None:
    _known(users, given.name)
    users.change(given.name, password_hash=hashed(_password(given.name)))
    print(f"{given.name} has a new password; tokens given out before are void within seconds")


def _disable(users: Users, given: argparse.Namespace) -> None:
    _known(users, given.name)
    users.change(given.name, disabled=True)
    print(f"{given.name} is disabled")


def _enable(users: Users, given: argparse.Namespace) -> None:
    _known(users, given.name)
    users.change(given.name, disabled=False)
    print(f"{given.name} is enabled")


def _known(users: Users, name: str) -> None:
    if users.get(name) is None:
        raise NotFound(f"expected the name of a user, got {name[:80]!r}: see headway users list")


def _password(name: str) -> str:
    """From whoever sits there, twice; or a line of stdin. Never an argument: `ps` shows those."""
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password for {name}: ")
        if getpass.getpass("Once more: ") != password:
            raise InvalidInput("expected the same password twice, got two")
    else:
        password = sys.stdin.readline().rstrip("\n")
    check_password(password, name)
    return password


def _asked(user: User) -> str:
    last = user.last_request_time
    return f"{user.request_count} requests" + ("" if last is None else f", last {_day(last)}")


def _day(at: float) -> str:
    return _moment(at)[:10]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


ACTS: Final[dict[str, Callable[[Users, argparse.Namespace], None]]] = {
    "list": _list,
    "add": _add,
    "passwd": _passwd,
    "disable": _disable,
    "enable": _enable,
}
