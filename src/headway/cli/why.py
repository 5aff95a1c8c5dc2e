"""`headway why`: what a job waits for."""

import argparse
import time

from headway.cli.on_site import add_data_dir, site
from headway.errors import NotFound


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway why",
        description="Say what a job waits for, whosever it is. Run it where the service runs.",
    )
    parser.add_argument("job", metavar="JOB", help="the job's id")
    add_data_dir(parser)
    return parser


def run(given: argparse.Namespace) -> int:
    """A sentence a line."""
    with site(given.data_dir) as service:
        queue = service.queue
        found = queue.following.present([given.job])
        if not found:
            raise NotFound(f"expected the id of a job, got: {given.job[:80]!r}")
        (job,) = found
        print(f"{job.operation} job {job.id} of {job.owner} is {job.status}")
        for sentence in queue.why(job, time.time(), service.settings.queue_of):
            print(f"- {sentence}")
    return 0
