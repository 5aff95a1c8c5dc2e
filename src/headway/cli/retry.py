"""`headway retry`: new attempts for jobs that have failed or were cancelled."""

import argparse

from headway.cli import remote
from headway.cli.following import follow
from headway.cli.printing import print_json
from headway.client import Client


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway retry",
        description="Give a failed or cancelled job new attempts; it goes on from its last checkpoint.",
    )
    remote.add_options(parser)
    parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.add_argument("--watch", action="store_true", help="follow it to its end")
    return parser


def run(given: argparse.Namespace) -> int:
    """Retry it, and follow it if that is wanted."""

    def retry(client: Client) -> int:
        job = client.job(given.job)
        now = job.retry()
        if given.watch:
            last = max((one.id for one in job.history()), default=0)
            return follow(job, as_json=given.json, after=last - 1)
        if given.json:
            print_json(now.model_dump(mode="json"))
        else:
            print(f"{now.job_id} is {now.status}")
        return 0

    return remote.speak(given, retry)
