"""`headway predict`: texts, classified at once."""

import argparse
import sys
from collections.abc import Iterator

from headway.cli import remote
from headway.cli.arguments import text
from headway.cli.printing import print_json
from headway.client import Client


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway predict",
        description="Classify texts at once. Many of them are a job: headway submit batch_predict.",
    )
    remote.add_options(parser)
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="else one a line of standard input"
    )
    parser.add_argument("--model", metavar="MODEL", help="name, name@alias or name@version")
    return parser


def run(given: argparse.Namespace) -> int:
    """Ask for each, in order."""

    def predict(client: Client) -> int:
        answers = []
        for one in given.texts or _lines():
            answer = client.predict(one, given.model)
            if given.json:
                answers.append({"text": one, **answer.model_dump(mode="json")})
            else:
                print(f"{answer.prediction}\t{answer.confidence:.3f}\t{one}", flush=True)
        if given.json:
            print_json(answers)
        return 0

    return remote.speak(given, predict)


def _lines() -> Iterator[str]:
    return (text(line) for one in sys.stdin if (line := one.rstrip("\n")))
