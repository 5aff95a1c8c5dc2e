"""The memory of one attempt: how much it holds, and the sentence when that was too much."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from headway.worker.cgroup import ControlGroup

MIB: Final = 2**20
LOOK_SECONDS: Final = 1.0
"""Between two looks at what a process holds."""

SLACK: Final = 48 * MIB
"""What a process may hold beyond its limit before it is killed: `RLIMIT_DATA` is the exact bound, and
one that has met it opens a reserve to say so, and may need a while to let go of what it holds."""

_HELD: Final = ("RssAnon:", "RssShmem:")
_SHARE: Final = ("Pss_Anon:", "Pss_Shmem:")
"""What only the process can give back, whole and as its share of what several hold. Pages of files,
mapped data sets and libraries among them, are the system's cache: it takes them when it needs room,
and nobody is short of memory for them."""


class MemoryWatch:
    """Catches what `RLIMIT_DATA` does not count: memory shared with other processes, and what those
    hold that the attempt has started. Where it has a control group, the kernel is sooner."""

    def __init__(self, limit: int, group: ControlGroup | None = None) -> None:
        self.limit = limit
        self._group = group
        self.peak = 0
        """The most that was seen."""
        self._next_look = 0.0

    def passed(self, pid: int, now: float) -> bool:
        """Whether the process holds far more than its limit, by a look at most once a second."""
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        seen = held_by(pid)
        self.peak = max(self.peak, seen)
        return seen > self.limit + SLACK or self.overrun()

    def overrun(self) -> bool:
        """Whether the kernel has killed some of it, or all, for passing the limit."""
        if self._group is None or not self._group.overrun():
            return False
        self.peak = max(self.peak, self._group.peak())
        return True


def held_by(pid: int) -> int:
    """Bytes of resident memory that a process and all below it answer for; 0 when they are gone.

    What several of them share is counted once, by the proportional set size of each:
    https://docs.kernel.org/filesystems/proc.html.
    """
    below = list(_below(pid))
    if not below:  # the usual case, and cheap to ask for
        return _sum(f"/proc/{pid}/status", _HELD)
    return sum(_sum(f"/proc/{one}/smaps_rollup", _SHARE) for one in (pid, *below))


def _below(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _below(child)


def _sum(file: str, names: tuple[str, ...]) -> int:
    with contextlib.suppress(OSError):
        lines = Path(file).read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
    return 0


def out_of_memory(limit: int | None, peak: int | None) -> str:
    """The sentence for the user, with the numbers that are known."""
    known = [
        f"{name} {size // MIB} MB" for name, size in (("limit", limit), ("peak", peak)) if size
    ]
    return f"ran out of memory ({', '.join(known)})" if known else "ran out of memory"
