"""Room for copies: with a depot, files on this machine can go when others need their place.

Only what the depot has is a copy. A service that kept its files in the data directory before has
some that it does not have, and those stay.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from headway.artifacts import Depot

FRESH_SECONDS: Final = 3_600.0
"""What was used within the last hour stays: somebody may have been told its name and not opened it."""

_FOLDERS: Final = ("files", "datasets", "models", "jobs")
_UNSAFE: Final = frozenset({"scratch"})
"""What an attempt is still making lies there, and nowhere else."""

log = logging.getLogger("headway.upkeep")


class Copy(NamedTuple):
    """A file that the depot has too, the least used first in order."""

    used_at: float
    size: int
    path: Path


class Copies:
    """Keeps the copies of a depot's files below `most` bytes, as far as they are not in use."""

    def __init__(
        self, root: Path, depot: Depot, most: int, *, fresh: float = FRESH_SECONDS
    ) -> None:
        self._root = root
        self._depot = depot
        self._most = most
        self._fresh = fresh

    def trim(self) -> int:
        """Remove the least used until they fit; how many bytes that freed."""
        copies = sorted(self._copies())
        over = sum(one.size for one in copies) - self._most
        before = time.time() - self._fresh
        freed = 0
        for one in copies:
            if freed >= over or one.used_at > before:
                break
            if not self._depot.has(one.path.relative_to(self._root).as_posix()):
                continue
            with suppress(OSError):  # gone already
                one.path.unlink()
                freed += one.size
        if freed:
            log.info("removed copies of %d MiB; the bucket has them", freed // 2**20)
        return freed

    def _copies(self) -> Iterator[Copy]:
        for folder in _FOLDERS:
            for path, folders, names in os.walk(self._root / folder):
                folders[:] = [one for one in folders if one not in _UNSAFE]
                for name in names:
                    file = Path(path, name)
                    with suppress(OSError):  # gone since it was listed
                        status = file.stat()
                        yield Copy(status.st_mtime, status.st_size, file)
