"""`headway jobs`: your jobs, newest first."""

import argparse
import itertools
import sys
from collections.abc import Sequence
from typing import Final

from headway.cli import remote
from headway.cli.arguments import count
from headway.cli.printing import print_json, print_table, table
from headway.cli.watching import Watched
from headway.client import Client
from headway.wire.jobs import JobView

STATUSES: Final = ("pending", "running", "completed", "failed", "cancelled")
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
    parser.add_argument(
        "--limit", type=count, default=20, metavar="N", help="so many; 20 by default"
    )
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
    live = sys.stdout.isatty() and not given.json
    watched = Watched(client, given.status or (), given.type, given.limit)
    watched.follow(Redrawn() if live else Changes(as_json=given.json))
    return 0


def _found(client: Client, given: argparse.Namespace) -> list[JobView]:
    jobs = client.jobs(*(given.status or ()), job_type=given.type)
    return list(itertools.islice(jobs, given.limit))


def _row(job: JobView) -> Sequence[object]:
    created = job.created_at.astimezone().strftime("%m-%d %H:%M:%S")
    said = job.error or job.message or job.waiting_for or ""
    return (job.job_id, job.job_type, str(job.status), f"{job.progress:3.0f} %", created, said)


class Redrawn:
    """The table in place of the one before, in the terminal."""

    def __init__(self) -> None:
        self._height = 0

    def __call__(self, jobs: Sequence[JobView]) -> None:
        """Draw it."""
        lines = table(HEADER, [_row(one) for one in jobs])
        up = f"\x1b[{self._height}A" if self._height else ""
        print(up + "".join(f"\x1b[2K{line}\n" for line in lines) + "\x1b[J", end="", flush=True)
        self._height = len(lines)


class Changes:
    """A line for each job that is not as it was."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._known: dict[str, tuple[str, float]] = {}

    def __call__(self, jobs: Sequence[JobView]) -> None:
        """Tell what is new, the older job first."""
        for job in reversed(jobs):
            now = (str(job.status), job.progress)
            if self._known.get(job.job_id) != now:
                self._known[job.job_id] = now
                line = job.model_dump_json() if self._as_json else "  ".join(map(str, _row(job)))
                print(line, flush=True)
