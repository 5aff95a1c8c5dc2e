"""Schemathesis on the whole OpenAPI document, against a real server, for as long as is asked for.

    scripts/bench fuzz [--seconds 600] [--seed N]

Exit code 1 when it found something, or the server's log tells of a defect.
"""

import argparse
import sys

from tests.security.fuzzing import fuzz
from tests.security.server import serving


def main(arguments: list[str]) -> int:
    """Fuzz, and print what schemathesis says."""
    parser = argparse.ArgumentParser(prog="scripts/bench fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args(arguments)
    with serving() as server:
        code, told = fuzz(server, given.seconds, seed=given.seed)
        complaints = server.complaints()
    print(told)
    for line in complaints[:20]:
        print(f"  {line}")
    return 1 if code or complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
