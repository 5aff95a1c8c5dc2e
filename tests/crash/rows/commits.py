"""Row 8: a worker is ended around and inside of the commits of its claims and verdicts."""

import random
import signal
import subprocess
from itertools import product

from tests.crash.matrix import Ground, Row, Tally
from tests.crash.stabbed import ACTS, POINTS
from tests.worker.site import eventually

SIGNALS = (signal.SIGTERM, signal.SIGKILL)


def stabbed(ground: Ground, count: int, tally: Tally) -> None:
    """Each signal at each point of each act in turn; the job runs to its end nevertheless."""
    site = ground.site()
    cases = list(product(SIGNALS, POINTS, ACTS))
    random.Random(8).shuffle(cases)
    for number in range(count):
        number_of, point, act = cases[number % len(cases)]
        chain = ground.chain(site, steps=3, every=1, pause=0)
        # In one place with the next: what it held is due again when that one starts.
        worker = site.start(
            "--lifeline",
            entry=("tests.crash.stabbed", act, point, str(int(number_of))),
            stdin=subprocess.PIPE,
            grace=1,
        )
        worker.process.wait(60)
        if "stabbed" not in worker.log:
            tally.broken(f"{act}, {point}: the signal was not sent")
        chain.site.worker("--lifeline", stdin=subprocess.PIPE)
        chain.check(tally)
        site.workers[-1].terminate()
        site.workers[-1].process.wait(60)
        eventually(lambda: not site.store.attempts.held("") and not site.store.workers.alive())
        tally.repetitions += 1


ROWS = (Row(8, "worker ended around its commits", stabbed, short=4, full=400),)
