"""Random bytes on the sockets of a real server, while it must answer others.

    scripts/bench noise [--seconds 600] [--seed N]

Exit code 1 on a server error, a line of its log that tells of a defect, or an unanswered question.
"""

import argparse
import sys
import time

from tests.security.noise import make_noise
from tests.security.server import serving


def main(arguments: list[str]) -> int:
    """Make noise, and print what came of it."""
    parser = argparse.ArgumentParser(prog="scripts/bench noise", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    given = parser.parse_args(arguments)
    with serving() as server:
        tally = make_noise(server, given.seconds, seed=given.seed)
        complaints = server.complaints()
    print(
        f"seed {given.seed}, {given.seconds:.0f} s: {tally.connections} connections,"
        f" {tally.sockets} WebSockets, {tally.sent / 2**20:.1f} MiB sent"
    )
    print(
        "answers: " + ", ".join(f"{one}: {tally.statuses[one]}" for one in sorted(tally.statuses))
    )
    print(
        f"asked meanwhile {tally.asked} times, unanswered {tally.unanswered};"
        f" server errors {tally.server_errors}; lines of defects in the log {len(complaints)}"
    )
    print(f"memory, least of each tenth of the time, MiB: {_by_tenths(tally.memory)}")
    for line in complaints[:20]:
        print(f"  {line}")
    return 1 if tally.server_errors or complaints or tally.unanswered else 0


def _by_tenths(memory: list[int]) -> str:
    """A leak goes on growing; what is filled once does not."""
    step = max(1, len(memory) // 10)
    tenths = [memory[at : at + step] for at in range(0, len(memory), step)]
    return " ".join(f"{min(one) / 2**20:.0f}" for one in tenths)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
