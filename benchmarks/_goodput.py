"""What is accepted of many times as much as can be done, and what that is compared with.

Whoever asks ten times as often has a core busy with it, and whatever else the machine has to do goes
over to the core of the service. So what can be done is measured beside as much asking, right before
and right after: on few connections, which are all served, while whatever else is due finds none.

On a machine that others use too, how much of a core the service gets is different each time. What it
accepted in a second of its own processor time says what a refusal costs, whoever else is there.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks._open_loop import Answers, Pool
from benchmarks._service import percentile, row

CONNECTIONS = 6000
SERVED = 64
"""Connections that the service answers in turn, and refuses nobody on."""
SHARES = (1.0, 2.0, 4.0, 10.0)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Goodput:
    """What came of asking at one rate for so many seconds."""

    answers: Answers
    seconds: float
    processor: float
    """Seconds of it that the service took, with its worker and the jobs."""

    @property
    def accepted(self) -> float:
        """Submissions a second, while it was asked."""
        return self.answers.in_time / self.seconds

    @property
    def for_its_time(self) -> float:
        """Submissions in a second of the service's own processor time."""
        return len(self.answers.seconds(202)) / max(self.processor, 1 / _TICKS)


class Overload:
    """Asks for more and more, and keeps account of what was accepted and what never heard."""

    def __init__(self, url: str, pid: int, request: bytes) -> None:
        self._url = url
        self._pid = pid
        self._request = request
        self.accepted = self.cut = 0

    async def measure(self, seconds: int) -> None:
        """Print what is accepted of each share of what can be."""
        capacity = await self._capacity(seconds)
        row(f"capacity, submissions/s ({SERVED} connections in a closed loop)", f"{capacity:,.0f}")
        accepted = []
        for share in SHARES:
            rate, long = capacity * share, seconds * (6 if share == SHARES[-1] else 1)
            before = await self._asked(rate, seconds, SERVED)
            # Each of so many is used before the server takes it for idle.
            found = await self._asked(rate, long, min(CONNECTIONS, max(256, int(rate * 1.5))))
            after = await self._asked(rate, seconds, SERVED)
            row(
                f"offered {share:g}x for {long} s: accepted, p50 / p99", _told(found, before, after)
            )
            accepted.append(found.accepted)
        shown = f"{accepted[-1] / max(accepted):.2f}"
        row(f"at {SHARES[-1]:g}x, of the most accepted at any of these", shown)

    async def _capacity(self, seconds: int) -> float:
        async with Pool.opened(self._url, self._request, SERVED) as pool:
            await pool.closed_loop(SERVED, 2)
            self._count(pool.answers)
            capacity = await pool.closed_loop(SERVED, seconds)
            self._count(pool.answers)
        return capacity

    async def _asked(self, rate: float, seconds: int, connections: int) -> Goodput:
        async with Pool.opened(self._url, self._request, connections) as pool:
            before = _processor_times(self._pid)
            answers = await pool.open_loop(rate, seconds)
            after = _processor_times(self._pid)
        self._count(answers)
        await asyncio.sleep(1)
        took = sum(after.values()) - sum(before.get(pid, 0.0) for pid in after)
        return Goodput(answers, seconds, took)

    def _count(self, answers: Answers) -> None:
        self.accepted += len(answers.seconds(202))
        self.cut += answers.lost


def _told(found: Goodput, before: Goodput, after: Goodput) -> str:
    answers = found.answers
    good, refused = answers.seconds(202), answers.seconds(503)
    beside = (before.accepted + after.accepted) / 2
    for_time = (before.for_its_time + after.for_its_time) / 2
    rest = len(answers.found) - len(good) - len(refused)
    return (
        f"{found.accepted:,.0f}/s, {found.accepted / beside:.2f} of {beside:,.0f} on {SERVED}"
        f" connections beside as much asking ({before.accepted:,.0f} before, {after.accepted:,.0f}"
        f" after), {found.for_its_time / for_time:.2f} of them for its processor time,"
        f" {spread(good)}; refused {len(refused) / found.seconds:,.0f}/s, {spread(refused)}, without"
        f" Retry-After {answers.unguided}; other answers {rest}, cut {answers.lost},"
        f" no connection {answers.not_asked / found.seconds:,.0f}/s"
    )


def spread(seconds: list[float]) -> str:
    """The middle and the end of them."""
    if not seconds:
        return "-"
    return f"{percentile(seconds, 0.5) * 1000:.0f} / {percentile(seconds, 0.99) * 1000:.0f} ms"


def _processor_times(root: int) -> dict[int, float]:
    """Seconds of processor time of a process and of all below it."""
    children: dict[int, list[int]] = defaultdict(list)
    times = {}
    for pid, parent, seconds in _processes():
        children[parent].append(pid)
        times[pid] = seconds
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        found[pid] = times.get(pid, 0.0)
        todo += children[pid]
    return found


def _processes() -> Iterator[tuple[int, int, float]]:
    """Each process: its id, its parent's, its processor time."""
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = one.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        yield int(one.parent.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS
