"""Kills at random, and can do the same again: all of its choices come from a seed."""

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.worker.processes import below, children_of

TARGETS = ("child", "zygote", "worker", "everything")


class Nemesis:
    """Somebody who has it in for some processes and all below them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.killed: list[str] = []

    def pause(self, longest: float) -> float:
        """Seconds until the next blow."""
        return self._chance.uniform(0.02, longest)

    def choose(self) -> str:
        """What to kill next."""
        return self._chance.choice(TARGETS)

    def strike(self, tops: Sequence[int], target: str) -> None:
        """Kill with SIGKILL: one child, a zygote, a worker, or all at once from the top.

        To `pause` is to stop a worker for a moment that is shorter than its lease.
        """
        workers = [pid for top in tops for pid in children_of(top)]
        zygotes = [pid for worker in workers for pid in children_of(worker)]
        children = [pid for zygote in zygotes for pid in children_of(zygote)]
        found = {
            "child": children,
            "zygote": zygotes,
            "worker": workers,
            "pause": workers,
            "everything": [pid for top in tops for pid in (top, *below(top))],
        }[target]
        victims = found if target == "everything" else found and [self._chance.choice(found)]
        for pid in victims:
            with suppress(ProcessLookupError):
                if target == "pause":
                    os.kill(pid, signal.SIGSTOP)
                    time.sleep(self.pause(2.0))
                    os.kill(pid, signal.SIGCONT)
                else:
                    os.kill(pid, signal.SIGKILL)
        if victims:
            self.killed.append(target)
