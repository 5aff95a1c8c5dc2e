"""Files that nobody will ever ask for: left by those who died before they could say what for.

A grace period protects what is being written. It is counted from a file's last change of any
kind, its move into place too, which no program can set back. What was left for the next attempt of
a job goes as soon as the job is over: rows of somebody's are kept no longer than he asked for.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import uuid4

from headway.artifacts import PARTS, ArtifactFiles
from headway.counting import counted
from headway.store.contract.upkeep import Upkeep

GRACE_SECONDS: Final = 86_400.0

AT_ONCE: Final = 10_000
"""Files and directories looked at in one pass; the next goes on from there."""

TICK_SECONDS: Final = 0.1
"""The clock of files goes in ticks, behind the database's by a few milliseconds."""

CONTENTS: Final = ("files", "datasets", "models")
"""Directories of published files, below names made of their content's hash."""

log = logging.getLogger("headway.upkeep")


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a job's directory, as the walk came by."""

    path: Path
    kind: str
    inode: int
    changed_at: float


class Orphans:
    """Removes them, a piece of the tree with each pass."""

    def __init__(
        self,
        files: ArtifactFiles,
        upkeep: Upkeep,
        *,
        grace: float = GRACE_SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        self._root = files.root
        self._files = files
        self._upkeep = upkeep
        self._grace = grace
        self._at_once = at_once
        self._walk = _walk(self._root)

    def remove(self) -> int:
        """Look at the next piece, and remove the orphans in it; how many."""
        looked_at = list(islice(self._walk, self._at_once))
        if len(looked_at) < self._at_once:  # the end: begin anew, with the next pass
            self._walk = _walk(self._root)
        before = time.time() - self._grace
        piece = [one for one in looked_at if one is not None]
        old = [one for one in piece if one.changed_at <= before]
        removed = (
            self._each(_of(old, "temporary"), _unlink)
            + self._each(self._ownerless(_of(old, "job")), self._drop_job)
            + self._each(self._nameless(_of(old, "content")), self._take_away)
            + self._each(self._outlived(_of(piece, "parts")), _remove_tree)
        )
        if removed:
            log.info(
                "removed %s that belonged to nothing",
                counted(removed, "file or directory", "files and directories"),
            )
        return removed

    def _ownerless(self, found: Collection[Found]) -> list[Found]:
        """Directories of jobs that are no more."""
        known = self._upkeep.known_jobs([one.path.name for one in found])
        return [one for one in found if one.path.name not in known]

    def _outlived(self, found: Collection[Found]) -> list[Found]:
        """Folders of attempts whose job is over. One that is begun again makes folders anew."""
        unfinished = self._upkeep.unfinished_jobs({one.path.parent.name for one in found})
        return [one for one in found if one.path.parent.name not in unfinished]

    def _nameless(self, found: Collection[Found]) -> list[Found]:
        """Published files that no artefact is, and none will be.

        An attempt publishes with its verdict: what is younger than the oldest attempt may be its.
        """
        if not found:
            return []
        since = self._upkeep.busy_since()
        mine = [one for one in found if since is None or one.changed_at < since - TICK_SECONDS]
        known = self._upkeep.known_files([self._relative(one) for one in mine])
        return [one for one in mine if self._relative(one) not in known]

    def _relative(self, one: Found) -> str:
        return one.path.relative_to(self._root).as_posix()

    def _each(self, found: Collection[Found], remove: Callable[[Found], bool]) -> int:
        return sum(remove(one) for one in found)

    def _drop_job(self, one: Found) -> bool:
        self._files.drop_job(one.path.name)
        return not one.path.exists()

    def _take_away(self, one: Found) -> bool:
        """Remove a file by content, unless the same content was just put in its place.

        Moved aside first: between a look and an `unlink`, an upload could replace it.
        """
        aside = one.path.with_name(f"{uuid4().hex}.part")
        with suppress(OSError):
            one.path.rename(aside)
            if aside.lstat().st_ino != one.inode:
                aside.rename(one.path)
                return False
            aside.unlink()
            return True
        return False


def _of(found: Collection[Found], kind: str) -> list[Found]:
    return [one for one in found if one.kind == kind]


def _unlink(one: Found) -> bool:
    try:
        one.path.unlink()
    except OSError:  # another worker was first, or it is not ours to remove
        return False
    return True


def _remove_tree(one: Found) -> bool:
    shutil.rmtree(one.path, ignore_errors=True)
    with suppress(OSError):  # the last one
        one.path.parent.rmdir()
    return not one.path.exists()


def _walk(root: Path) -> Iterator[Found | None]:
    """Everything that may be an orphan, and None for what was only looked at."""
    yield from _below(root / "incoming", lambda _: "temporary")
    yield from _below(root / "cache", _temporary)
    for job in _entries(root / "cache" / PARTS):
        for attempt in _entries(Path(job.path)):
            yield _found(attempt, "parts")
    for name in CONTENTS:
        yield from _below(root / name, lambda path: _temporary(path) or "content")
    for job in _entries(root / "jobs"):
        yield _found(job, "job")
        yield from _below(Path(job.path), _temporary)


def _temporary(path: str) -> str:
    return "temporary" if path.endswith(".part") else ""


def _below(directory: Path, kind_of: Callable[[str], str]) -> Iterator[Found | None]:
    for entry in _entries(directory):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path), kind_of)
        else:
            kind = kind_of(entry.name)
            yield _found(entry, kind) if kind else None


def _entries(directory: Path) -> Iterator["os.DirEntry[str]"]:
    with suppress(OSError), os.scandir(directory) as entries:
        yield from entries


def _found(entry: "os.DirEntry[str]", kind: str) -> Found | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:  # gone since it was listed
        return None
    return Found(Path(entry.path), kind, status.st_ino, status.st_ctime)
