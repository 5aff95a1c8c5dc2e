"""`headway users`: who may sign in."""

import argparse
import getpass
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from headway.cli.on_site import add_data_dir, known_user, site, site_store
from headway.cli.printing import day, moment
from headway.counting import counted
from headway.errors import Conflict, InvalidInput
from headway.identity.hashing import hashed
from headway.identity.rules import check_name, check_password
from headway.rights import Role
from headway.store.identity import User, Users

ROLES: Final = tuple(role.value for role in Role)


def run(given: argparse.Namespace) -> int:
    """Do one of the acts."""
    if given.act == "delete":
        _delete(given)
        return 0
    with site_store(given.data_dir, may_make=given.act == "add") as store:
        ACTS[given.act](store.users, given)
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway users", description="Say who may sign in.")
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="show all of them")
    listed.add_argument("--json", action="store_true", help="as a JSON list")
    add = acts.add_parser("add", help="make one; asks for a password, or reads it from stdin")
    passwd = acts.add_parser(
        "passwd", help="change a password; asks for it, or reads it from stdin"
    )
    delete = acts.add_parser("delete", help="remove one with all that is his")
    role = acts.add_parser("role", help="say what one may do")
    named = [
        add,
        passwd,
        role,
        acts.add_parser("disable", help="let one in no more; within seconds also with a token"),
        acts.add_parser("enable", help="let one in again"),
        delete,
    ]
    for one in named:
        one.add_argument("name", metavar="NAME", help="the user's name")
    add.add_argument("--role", choices=ROLES, default="user", help="what he may do")
    role.add_argument("role", choices=ROLES, help="what he may do from now on")
    delete.add_argument(
        "--with-shared", action="store_true", help="also what he shares with everybody"
    )
    for one in (add, passwd):
        one.add_argument(
            "--random-password", action="store_true", help="make one by chance, and show it once"
        )
    add_data_dir(listed, *named)
    return parser


def _list(users: Users, given: argparse.Namespace) -> None:
    found = list(_all(users))
    if given.json:
        print(json.dumps([_document(one) for one in found], indent=2))
        return
    for one in found:
        state = "disabled" if one.disabled else "enabled"
        print(
            f"{one.name:<24}  {state:<8}  {one.role:<8}  since {day(one.created_at)}, {_asked(one)}"
        )
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
        "role": user.role.value,
        "disabled": user.disabled,
        "created_at": moment(user.created_at),
        "request_count": user.request_count,
        "last_request_time": None if last is None else moment(last),
    }


def _add(users: Users, given: argparse.Namespace) -> None:
    name = given.name
    check_name(name)
    if users.get(name) is not None:
        raise Conflict(f"expected a new name, got {name!r}: there is one; see headway users passwd")
    if not users.add(name, hashed(_password(given)), role=Role(given.role)):
        raise Conflict(f"expected a new name, got {name!r}: somebody has just made it")
    print(f"{name} can sign in")


def _passwd(users: Users, given: argparse.Namespace) -> None:
    known_user(users, given.name)
    users.change(given.name, password_hash=hashed(_password(given)))
    print(f"{given.name} has a new password; tokens given out before are void within seconds")


def _role(users: Users, given: argparse.Namespace) -> None:
    known_user(users, given.name)
    users.change(given.name, role=Role(given.role))
    print(f"{given.name} has the role {given.role}; tokens given out before are void")


def _disable(users: Users, given: argparse.Namespace) -> None:
    known_user(users, given.name)
    users.change(given.name, disabled=True)
    print(f"{given.name} is disabled")


def _enable(users: Users, given: argparse.Namespace) -> None:
    known_user(users, given.name)
    users.change(given.name, disabled=False)
    print(f"{given.name} is enabled")


def _delete(given: argparse.Namespace) -> None:
    with site(given.data_dir) as service:
        erased = service.eraser.erase(given.name, shared=given.with_shared)
    gone = (
        counted(erased.jobs, "job"),
        f"{counted(erased.artifacts, 'version')} of data sets, models and files",
        f"{counted(erased.predictions, 'line')} of this host's prediction log",
    )
    print(f"{given.name} is removed, with {', '.join(gone[:-1])}, and {gone[-1]}")


def _password(given: argparse.Namespace) -> str:
    """From whoever sits there, twice; or a line of stdin. Never an argument: `ps` shows those."""
    name = given.name
    if given.random_password:
        password = secrets.token_urlsafe(18)
        print(f"Password of {name}, shown this once: {password}")
        return password
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
    return counted(user.request_count, "request") + ("" if last is None else f", last {day(last)}")


ACTS: Final[dict[str, Callable[[Users, argparse.Namespace], None]]] = {
    "list": _list,
    "add": _add,
    "passwd": _passwd,
    "role": _role,
    "disable": _disable,
    "enable": _enable,
}
