"""The memory of one attempt: how much it holds, and the sentence when that was too much."""

import contextlib
from pathlib import Path
from typing import Final

MIB: Final = 2**20
LOOK_SECONDS: Final = 1.0
"""Between two looks at what a process holds."""

SLACK: Final = 48 * MIB
"""What a process may hold beyond its limit before it is killed: `RLIMIT_DATA` is the exact bound, and
one that has met it opens a reserve to say so, and may need a while to let go of what it holds."""

_HELD: Final = ("RssAnon:", "RssShmem:")
"""What only the process can give back. Pages of files, mapped data sets and libraries among them,
are the system's cache: it takes them when it needs room, and nobody is short of memory for them."""


class MemoryWatch:
    """Catches what `RLIMIT_DATA` does not count, above all memory shared with other processes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
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
        return seen > self.limit + SLACK


def held_by(pid: int) -> int:
    """Bytes of resident memory that the process alone answers for; 0 when it is gone."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_HELD))
    return 0


def out_of_memory(limit: int | None, peak: int | None) -> str:
    """The sentence for the user, with the numbers that are known."""
    known = [
        f"{name} {size // MIB} MB" for name, size in (("limit", limit), ("peak", peak)) if size
    ]
    return f"ran out of memory ({', '.join(known)})" if known else "ran out of memory"
