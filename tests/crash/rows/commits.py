"""Row 8: a worker is ended around and inside of the commits of its claims and verdicts."""

import random
import signal
import subprocess
from itertools import cycle, islice, product

from tests.crash.matrix import Chain, Ground, Row, Tally
from tests.crash.stabbed import ACTS, POINTS
from tests.waiting import eventually
from tests.worker.site import Site

CASES = list(product((signal.SIGTERM, signal.SIGKILL), POINTS, ACTS))


def stabbed(ground: Ground, count: int, tally: Tally) -> None:
    """Each signal at each point of each act in turn; the jobs run to their ends nevertheless.

    The one that is ended is the program that Celery's worker keeps, also where it has no Celery above
    it: so that its signal reaches nobody else.
    """
    site = ground.site()
    order = random.Random(8).sample(CASES, len(CASES))
    cases = islice(cycle(order), count)
    while chains := [_stab(ground, site, case, tally) for case in islice(cases, len(CASES))]:
        # In their place, if it is a local one: what they held is due again when it starts.
        place = [] if site.settings.get("engine") == "celery" else ["--lifeline"]
        heir = site.worker(*place, stdin=subprocess.PIPE)
        for chain in chains:
            chain.check(tally)
            tally.repetitions += 1
        heir.terminate()
        heir.process.wait(60)
        eventually(lambda: not site.store.workers.alive(), within=30)


def _stab(ground: Ground, site: Site, case: tuple[signal.Signals, str, str], tally: Tally) -> Chain:
    """A job, and a worker that does not survive it."""
    number, point, act = case
    chain = ground.chain(site, steps=3, every=1, pause=0)
    worker = site.start(
        "--lifeline",
        entry=("tests.crash.stabbed", act, point, str(int(number))),
        stdin=subprocess.PIPE,
        grace=1,
        engine="local",
    )
    worker.process.wait(60)
    if "stabbed" not in worker.log:
        tally.broken(f"{act}, {point}: the signal was not sent")
    return chain


ROWS = (Row(8, "worker ended around its commits", stabbed, short=4, full=400, everywhere=True),)
