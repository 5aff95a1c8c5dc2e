"""Faults of whole workers: rows 2, 6, 7, 9 and 10."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from headway.job import Status
from tests.crash.matrix import Chain, Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.processes import below, is_alive
from tests.worker.site import Site, WorkerProcess, pid_in

AT_ONCE = 8
"""Workers that meet their fault together: a recovery lasts as long for one as for eight."""

LEASE = 10.0


class Round:
    """Workers with a job each, and one beside them that takes over what they lose."""

    def __init__(self, ground: Ground, site: Site, heir: WorkerProcess, count: int) -> None:
        self.site = site
        self._gates = _blocked(ground, site, heir, count)
        self.victims = [ground.worker(site, slots=1, grace=1) for _ in range(count)]
        for victim in self.victims:
            victim.until_ready()
        # Long enough that no job ends before its worker's fault.
        self.chains = [ground.chain(site, steps=400, every=5, pause=0.01) for _ in range(count)]
        for chain in self.chains:
            chain.until_step(7)

    def open(self) -> None:
        """Let the heir have room."""
        for gate in self._gates:
            gate.touch()

    def recovered(self, tally: Tally, since: Callable[[], float], bound: float) -> None:
        """Wait until every job runs again."""
        for chain in self.chains:
            chain.until_token(2, within=120)
        tally.took("recovery", since(), bound=bound)

    def check(self, tally: Tally) -> None:
        """Hold every job to the promises."""
        for chain in self.chains:
            chain.check(tally)
        tally.repetitions += len(self.victims)


def _blocked(ground: Ground, site: Site, heir: WorkerProcess, count: int) -> list[Path]:
    """Fill the heir's slots with jobs that wait for these files."""
    files = [ground.folder / f"blocker-{time.monotonic_ns()}-{n}" for n in range(count)]
    for file in files:
        site.submit("until_file", file=str(file))
    for file in files:
        pid_in(file, within=60)
    assert heir.process.poll() is None
    return [file.with_name(file.name + ".go") for file in files]


def _rounds(
    ground: Ground, count: int, tally: Tally, strike: Callable[[Round, random.Random], None]
) -> None:
    site = ground.site()
    at_once = min(AT_ONCE, count)
    heir = ground.worker(site, slots=at_once)
    heir.until_ready()
    chance = random.Random(count)
    while tally.repetitions < count:
        one = Round(ground, site, heir, at_once)
        strike(one, chance)
        one.check(tally)
        for victim in one.victims:
            if victim.process.poll() is None:
                victim.stop()


def killed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 2: workers are killed; their children die with them, their jobs go on elsewhere."""

    def strike(one: Round, chance: random.Random) -> None:
        time.sleep(chance.uniform(0, 0.1))
        orphans = [pid for victim in one.victims for pid in victim.below()]
        for victim in one.victims:
            victim.process.kill()
        with clock() as passed:
            eventually(lambda: not any(map(is_alive, orphans)), within=60)
            tally.took("last orphan", passed(), bound=3)
            one.open()
            one.recovered(tally, passed, ground.recovery)

    _rounds(ground, count, tally, strike)


def zombies(ground: Ground, count: int, tally: Tally) -> None:
    """Row 9: workers stand still past their lease and wake when their jobs are others' by now."""

    def strike(one: Round, chance: random.Random) -> None:
        time.sleep(chance.uniform(0, 0.1))
        stopped = [
            _stop(one.site, victim, with_children=n % 2 == 1)
            for n, victim in enumerate(one.victims)
        ]
        children = [chain.lines()[-1].pid for chain in one.chains]
        with clock() as passed:
            one.open()
            one.recovered(tally, passed, ground.recovery)
        for pid in (pid for some in stopped for pid in some):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        with clock() as passed:
            eventually(lambda: not any(map(is_alive, children)), within=60)
            tally.took("zombie's child gone", passed(), bound=5)

    _rounds(ground, count, tally, strike)


def _stop(site: Site, victim: WorkerProcess, *, with_children: bool) -> list[int]:
    """Who stands still: the worker with all that could replace it, as when a machine does."""
    above = [] if victim.core == victim.pid else [victim.pid]
    beneath = below(victim.core) if with_children else []
    for pid in above:
        os.kill(pid, signal.SIGSTOP)
    site.stop_outside_a_write(victim.core)
    for pid in beneath:
        os.kill(pid, signal.SIGSTOP)
    return [victim.core, *beneath, *above]


def drained(ground: Ground, count: int, tally: Tally) -> None:
    """Row 6: workers are told to stop while they have jobs that are longer than the grace time."""

    def strike(one: Round, _chance: random.Random) -> None:
        one.open()
        for victim in one.victims:
            victim.terminate()
        with clock() as passed:
            codes = {victim.process.wait(60) for victim in one.victims}
            tally.took("exit past the grace time", passed() - 1, bound=1.5)
            one.recovered(tally, passed, bound=1 + 3)
        if codes != {0}:
            tally.broken(f"the workers ended with the codes {codes}")
        for chain in one.chains:
            job = one.site.job(chain.job)
            if (job.attempt, job.crashes) != (0, 0):
                tally.broken(f"a stop was charged: {job.attempt} attempts, {job.crashes} crashes")

    _rounds(ground, count, tally, strike)


Signals = Sequence[signal.Signals]

SCRIPTS: Sequence[tuple[Signals, bool]] = (
    ((signal.SIGTERM, signal.SIGTERM), True),
    ((signal.SIGINT, signal.SIGTERM), True),
    ((signal.SIGTERM,), False),
    ((signal.SIGTERM,), True),
)
"""What is sent, and whether the worker was ready: twice, two kinds, while it boots, idle."""


def signalled(ground: Ground, count: int, tally: Tally) -> None:
    """Row 7: signals twice, mixed, at boot and when idle; each worker ends, each job goes back."""
    site = ground.site()
    chance = random.Random(7)
    for number in range(count):
        script, ready = SCRIPTS[number % len(SCRIPTS)]
        busy = len(script) > 1
        chain = ground.chain(site, steps=400, pause=0.01) if busy else None
        worker = ground.worker(site, slots=1)
        if ready:
            worker.until_ready()
        if chain is not None:
            chain.until_step(3)
        else:
            time.sleep(chance.uniform(0, 0.5))
        with clock() as passed:
            for one in script:
                with suppress(ProcessLookupError):
                    worker.process.send_signal(one)
            code = worker.process.wait(60)
            tally.took("exit", passed(), bound=3)
        if code not in ((0,) if ready else (0, -signal.SIGTERM)):
            tally.broken(f"{script}: exit code {code}")
        if chain is not None:
            _went_back(site, chain, tally)
        tally.repetitions += 1


def _went_back(site: Site, chain: Chain, tally: Tally) -> None:
    job = site.job(chain.job)
    if (job.status, job.interruptions, site.reasons(job)) != (
        Status.PENDING,
        1,
        ["interrupted"],
    ):
        tally.broken(f"a job did not go back once: {job.status}, {site.reasons(job)}")
    site.cancel(job)


BUSY = "import time\nends = time.monotonic() + {seconds}\nwhile time.monotonic() < ends: pass"


def starved(ground: Ground, count: int, tally: Tally) -> None:
    """Row 10: eight busy loops for so many seconds; a worker's beats come in time nevertheless."""
    site = ground.site()
    worker = ground.worker(site, slots=2, entry=("headway",)).until_ready()
    first = site.store.workers.alive()[0].id
    loops = [subprocess.Popen([sys.executable, "-c", BUSY.format(seconds=count)]) for _ in range(8)]
    try:
        while any(loop.poll() is None for loop in loops):
            ground.chain(site, steps=20, pause=0.001).check(tally)
            for one in site.store.workers.alive():
                tally.took("beat", LEASE - (one.expires_at - time.time()), bound=LEASE)
            if site.store.workers.expired():
                tally.broken("a lease ended under a living worker")
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    if [one.id for one in site.store.workers.alive()] != [first] or "lapsed" in worker.log:
        tally.broken("the worker had to begin anew")
    tally.repetitions += count


ROWS = (
    Row(2, "worker killed, its child busy", killed, short=2, full=200, everywhere=True),
    Row(
        6, "SIGTERM to a worker, job longer than grace", drained, short=2, full=50, everywhere=True
    ),
    Row(
        7, "signals twice, mixed, at boot, when idle", signalled, short=4, full=200, everywhere=True
    ),
    Row(
        9, "worker stopped past its lease, wakes late", zombies, short=2, full=100, everywhere=True
    ),
    Row(10, "CPU starved by eight busy loops (seconds)", starved, short=0, full=600),
)
