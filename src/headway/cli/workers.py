"""`headway workers`: who is alive, and what each runs."""

import argparse
import json

from headway.cli.on_site import add_data_dir, site
from headway.store.values.workers import WorkerLoad


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway workers", description="Show the living workers, and the jobs they run."
    )
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    add_data_dir(parser)
    return parser


def run(given: argparse.Namespace) -> int:
    """A line for each worker, and one for each of its jobs."""
    with site(given.data_dir) as service:
        found = service.queue.oversight.workers()
    if given.json:
        print(json.dumps([_document(one) for one in found], indent=2))
        return 0
    for one in found:
        info = one.info
        print(
            f"{info.id}  {info.host}  process {info.pid}  {len(one.running)} running of"
            f" {info.slots} + {info.async_slots} async  seen {one.age:.1f} s ago"
        )
        for job in one.running:
            print(f"    {job.operation}  {job.id}  {job.owner}")
    if not found:
        print("No worker is alive: headway work")
    return 0


def _document(one: WorkerLoad) -> dict[str, object]:
    info = one.info
    return {
        "worker": info.id,
        "host": info.host,
        "pid": info.pid,
        "slots": info.slots,
        "async_slots": info.async_slots,
        "operations": list(info.operations),
        "seen_seconds_ago": round(one.age, 1),
        "jobs": [
            {"job": job.id, "operation": job.operation, "user": job.owner} for job in one.running
        ],
    }
