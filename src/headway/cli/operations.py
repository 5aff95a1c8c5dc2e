"""`headway operations`: what each operation does and has to do; pause and resume one."""

import argparse
import json
from typing import Any, Final

from headway.cli.on_site import add_data_dir, site
from headway.job import Status
from headway.queue import Queue

_COLUMNS: Final = ("waiting", "delayed", "running", "completed", "failed", "cancelled")


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway operations",
        description="Show what waits and runs of each operation, and how its jobs ended in the last"
        " hour; or pause one, so that nothing of it is begun until it is resumed.",
    )
    parser.add_argument("act", nargs="?", choices=("pause", "resume"), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="with which operation")
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    add_data_dir(parser)
    return parser


def run(given: argparse.Namespace) -> int:
    """Show, pause or resume."""
    if (given.act is None) != (given.name is None):
        parser().error("expected NAME after pause or resume")
    with site(given.data_dir) as service:
        queue = service.queue
        if given.act is None:
            _show(queue, as_json=given.json)
        elif given.act == "pause":
            was = "" if queue.oversight.pause(given.name) else " already"
            print(f"{given.name} is paused{was}: nothing of it is begun, what runs goes on")
        else:
            was = "" if queue.oversight.resume(given.name) else ": it was not paused"
            print(f"{given.name} goes on{was}")
    return 0


def _show(queue: Queue, *, as_json: bool) -> None:
    rows = _rows(queue)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'operation':<24}" + "".join(f"{name:>11}" for name in _COLUMNS))
    for row in rows:
        paused = "  paused" if row["paused"] else ""
        print(f"{row['operation']:<24}" + "".join(f"{row[name]:>11}" for name in _COLUMNS) + paused)


def _rows(queue: Queue) -> list[dict[str, Any]]:
    depth = {one.operation: one for one in queue.oversight.depth()}
    paused = queue.oversight.paused()
    ended: dict[tuple[str, Status], int] = {}
    for one in queue.oversight.ended():
        key = (one.operation, one.outcome)
        ended[key] = ended.get(key, 0) + one.count
    names = {*depth, *paused, *(one.name for one in queue.registry), *(name for name, _ in ended)}
    return [
        {
            "operation": name,
            "waiting": depth[name].waiting if name in depth else 0,
            "delayed": depth[name].delayed if name in depth else 0,
            "running": depth[name].running if name in depth else 0,
            "completed": ended.get((name, Status.COMPLETED), 0),
            "failed": ended.get((name, Status.FAILED), 0),
            "cancelled": ended.get((name, Status.CANCELLED), 0),
            "paused": name in paused,
        }
        for name in sorted(names)
    ]
