"""`headway watch`: follow a job to its end."""

import argparse

from headway.cli import remote
from headway.cli.following import follow


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway watch",
        description="Follow a job to its end: bar, curve and log. A restart of the service in between"
        " costs nothing; Ctrl-C ends the watching, not the job.",
    )
    remote.add_options(parser)
    parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.add_argument(
        "--after", type=int, default=0, metavar="ID", help="only what came after this event"
    )
    return parser


def run(given: argparse.Namespace) -> int:
    """Follow it; the exit code says how it ended."""
    return remote.speak(
        given,
        lambda client: follow(client.job(given.job), as_json=given.json, after=given.after),
    )
