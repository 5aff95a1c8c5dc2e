"""`headway keys`: keys for machines, made where the data is."""

import argparse
import json
from collections.abc import Callable
from typing import Any, Final

from headway.cli.on_site import add_data_dir, known_user, site_store
from headway.cli.printing import day
from headway.errors import NotFound
from headway.identity.keys import LONGEST_DAYS, Wish, make_key
from headway.rights import GRANTABLE, Scope
from headway.store.contract import Store
from headway.store.identity import ApiKey


def run(given: argparse.Namespace) -> int:
    """Do one of the acts."""
    with site_store(given.data_dir) as store:
        ACTS[given.act](store, given)
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway keys", description="Make and remove keys for machines."
    )
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="show a user's keys; what a key is, is not kept")
    add = acts.add_parser("add", help="make a key, and show it once")
    for one in (listed, add):
        one.add_argument("user", metavar="USER", help="whose keys")
    add.add_argument("name", metavar="NAME", help="what it is for")
    add.add_argument(
        "--scope",
        action="append",
        choices=sorted(GRANTABLE),
        required=True,
        help="what it may do; give it again for more",
    )
    add.add_argument(
        "--days",
        type=int,
        default=90,
        help=f"until it expires, at most {LONGEST_DAYS}; 0 for never",
    )
    remove = acts.add_parser("remove", help="remove a key; within seconds it opens nothing")
    remove.add_argument("key", metavar="ID", help="its id, as `headway keys list` shows it")
    listed.add_argument("--json", action="store_true", help="as a JSON list")
    add_data_dir(listed, add, remove)
    return parser


def _list(store: Store, given: argparse.Namespace) -> None:
    found = store.keys.of_owner(given.user)
    if given.json:
        print(json.dumps([_document(one) for one in found], indent=2))
        return
    for one in found:
        until = "never expires" if one.expires_at is None else f"until {day(one.expires_at)}"
        used = "never used" if one.last_used_at is None else f"used {day(one.last_used_at)}"
        print(f"{one.id}  {one.name:<24}  {','.join(sorted(one.scopes))}  {until}, {used}")


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }


def _add(store: Store, given: argparse.Namespace) -> None:
    user = known_user(store.users, given.user)
    scopes = frozenset(Scope(word) for word in given.scope)
    key, _ = make_key(
        store.keys, user.name, user.role, Wish(given.name, scopes, given.days or None)
    )
    print(key)


def _remove(store: Store, given: argparse.Namespace) -> None:
    if not store.keys.remove(given.key):
        raise NotFound(f"expected the id of a key, got {given.key[:80]!r}: headway keys list USER")
    print(f"{given.key} opens nothing any more")


ACTS: Final[dict[str, Callable[[Store, argparse.Namespace], None]]] = {
    "list": _list,
    "add": _add,
    "remove": _remove,
}
