"""`headway jobs`: your jobs, newest first."""

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from typing import Final

from headway.cli import remote
from headway.cli.printing import print_json, print_table, table
from headway.client import Client
from headway.wire.jobs import JobView

STATUSES: Final = ("pending", "running", "completed", "failed", "cancelled")
LOOK_SECONDS: Final = 2.0
HEADER: Final = ("job", "type", "status", "done", "created", "message")


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway jobs", description="Show your jobs, newest first."
    )
    remote.add_options(parser)
    parser.add_argument(
        "--status", action="append", choices=STATUSES, help="only these; may be given again"
    )
    parser.add_argument("--type", metavar="OPERATION", help="only jobs of this operation")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="so many; 20 by default")
    parser.add_argument("--watch", action="store_true", help="go on showing them, until Ctrl-C")
    return parser


def run(given: argparse.Namespace) -> int:
    """Show them once, or on and on."""
    return remote.speak(given, lambda client: _show(client, given))


def _show(client: Client, given: argparse.Namespace) -> int:
    if not given.watch:
        found = _found(client, given)
        if given.json:
            print_json([one.model_dump(mode="json") for one in found])
        else:
            print_table(HEADER, [_row(one) for one in found])
        return 0
    if sys.stdout.isatty() and not given.json:
        _redraw(client, given)
    else:
        _tell_changes(client, given)
    return 0


def _found(client: Client, given: argparse.Namespace) -> list[JobView]:
    jobs = client.jobs(*(given.status or ()), job_type=given.type)
    return list(itertools.islice(jobs, given.limit))


def _row(job: JobView) -> Sequence[object]:
    created = job.created_at.astimezone().strftime("%m-%d %H:%M:%S")
    said = job.error or job.message or job.waiting_for or ""
    return (job.job_id, job.job_type, str(job.status), f"{job.progress:3.0f} %", created, said)


def _redraw(client: Client, given: argparse.Namespace) -> None:
    """The table in place of the one before, in the terminal."""
    height = 0
    while True:
        lines = table(HEADER, [_row(one) for one in _found(client, given)])
        up = f"\x1b[{height}A" if height else ""
        print(up + "".join(f"\x1b[2K{line}\n" for line in lines) + "\x1b[J", end="", flush=True)
        height = len(lines)
        time.sleep(LOOK_SECONDS)


def _tell_changes(client: Client, given: argparse.Namespace) -> None:
    """A line for each job that is not as it was."""
    known: dict[str, tuple[str, float]] = {}
    while True:
        for job in reversed(_found(client, given)):
            now = (str(job.status), job.progress)
            if known.get(job.job_id) != now:
                known[job.job_id] = now
                line = job.model_dump_json() if given.json else "  ".join(map(str, _row(job)))
                print(line, flush=True)
        time.sleep(LOOK_SECONDS)
