"""`headway cancel`: end jobs that have not ended."""

import argparse

from headway.cli import remote
from headway.cli.printing import print_json
from headway.client import Client


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway cancel", description="Cancel jobs: they are cancelled when this returns."
    )
    remote.add_options(parser)
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="the jobs' ids")
    return parser


def run(given: argparse.Namespace) -> int:
    """Cancel one after the other, up to the first that cannot be."""

    def cancel(client: Client) -> int:
        for job_id in given.jobs:
            client.job(job_id).cancel()
            if not given.json:
                print(f"{job_id} is cancelled")
        if given.json:
            print_json([client.job(one).now().model_dump(mode="json") for one in given.jobs])
        return 0

    return remote.speak(given, cancel)
