"""The shared children of `async def` attempts, each in a lane of its own."""

import random
from typing import Final

from headway.job import Job
from headway.worker.pool import Pool
from headway.worker.process import Child

SUSPECTS: Final = 8
"""Lanes for jobs that were interrupted before: one of them may take the others down.

Spread anew each time, it meets an eighth of the others, and is given up long before they are.
"""

_MAIN: Final = 0


class Lanes:
    """One child for the jobs above suspicion, and a few for the others."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}

    def child_for(self, job: Job, pool: Pool) -> Child:
        """The child that this job shall share; forked now if the lane is empty."""
        lane = random.randint(1, SUSPECTS) if job.interruptions_in_a_row > 0 else _MAIN
        if lane not in self._children:
            self._children[lane] = pool.fork(None, None)
        return self._children[lane]

    def is_main(self, child: Child) -> bool:
        """Whether it stays when it has nothing to do."""
        return child is self._children.get(_MAIN)

    def drop(self, child: Child) -> None:
        """Give this child to nobody any more. Dropping one of no lane is fine."""
        self._children = {lane: one for lane, one in self._children.items() if one is not child}
