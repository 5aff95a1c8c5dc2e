"""Linux's own bound on what an attempt and all that it starts hold in memory together.

A control group for each attempt, below a directory that the worker was given. The kernel counts
every page at the moment it is touched, shared ones too, and kills in the group alone.
Both versions of the interface are spoken: https://docs.kernel.org/admin-guide/cgroup-v2.html and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Self

from headway.errors import SettingsError

_PREFIX: Final = "headway-"
_PROCESSES: Final = "cgroup.procs"


@dataclass(frozen=True, slots=True)
class _Version:
    """The names of one version's files."""

    limit: str
    swap: str
    """Of both together in version 1, of swap alone in 2."""
    peak: str
    kills: str
    """Has a line `oom_kill` and how often it happened."""


_V1: Final = _Version(
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.oom_control",
)
_V2: Final = _Version("memory.max", "memory.swap.max", "memory.peak", "memory.events")


class ControlGroup:
    """One attempt's. A process joins by writing 0 to `path`'s `cgroup.procs`, for good."""

    def __init__(self, path: Path, version: _Version, limit: int) -> None:
        self.path = path
        self._version = version
        path.mkdir()
        (path / version.limit).write_text(str(limit))
        with suppress(FileNotFoundError):  # a kernel that does not count swap
            (path / version.swap).write_text(str(0 if version is _V2 else limit))
        if version is _V2:
            (path / "memory.oom.group").write_text("1")  # all of it at once, not the largest alone

    def overrun(self) -> bool:
        """Whether the kernel has killed in it, because the limit was passed."""
        with suppress(OSError):
            for line in (self.path / self._version.kills).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1]) > 0
        return False

    def peak(self) -> int:
        """The most that was held at a time, in bytes, the system's cache of its files included; 0
        where the kernel does not say."""
        with suppress(OSError):
            return int((self.path / self._version.peak).read_text())
        return 0

    def remove(self) -> bool:
        """Give it back; False while something lives in it. Removing twice is fine."""
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


class ControlGroups:
    """Makes them, and removes them when they are empty again."""

    def __init__(self, root: Path) -> None:
        """Raise `SettingsError` when the directory is not a control group that is ours to use."""
        self._root = root
        self._version = _V2 if (root / "cgroup.controllers").exists() else _V1
        self._numbers = count(1)
        self._ended: list[ControlGroup] = []
        try:
            if self._version is _V2:
                (root / "cgroup.subtree_control").write_text("+memory")
            self._remove_leftovers()
            self.bounded(2**30).remove()
        except OSError as error:
            raise SettingsError(
                f"expected HEADWAY_CGROUP to be a control group that this user may make groups in,"
                f" with the memory controller and no process of its own, got {root}: {error}"
            ) from error

    @classmethod
    def below(cls, root: Path | None) -> Self | None:
        """Those of a directory, if there is one to use."""
        return None if root is None else cls(root)

    def bounded(self, limit: int) -> ControlGroup:
        """A new group whose processes may hold `limit` bytes together."""
        self._ended = [one for one in self._ended if not one.remove()]
        name = f"{_PREFIX}{os.getpid()}-{next(self._numbers)}"
        return ControlGroup(self._root / name, self._version, limit)

    def give_back(self, group: ControlGroup) -> None:
        """Remove it, now or as soon as the last of its processes is gone."""
        if not group.remove():
            self._ended.append(group)

    def _remove_leftovers(self) -> None:
        """Of workers that were killed; where somebody lives, the system keeps them."""
        for path in self._root.glob(f"{_PREFIX}*"):
            with suppress(OSError):
                path.rmdir()


def join(path: str) -> None:
    """Make this process, and whatever it starts from now on, one of the group's."""
    (Path(path) / _PROCESSES).write_text("0")
