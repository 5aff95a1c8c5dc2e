"""The log of predictions: JSON Lines, a file for each day, removed when its time is over.

Several processes write it. A lock stands between whoever appends, and whoever moves or rewrites.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import orjson

CURRENT: Final = "predictions.jsonl"
_ENDS_OF_LINES: Final = {
    char.encode(): f"\\u{ord(char):04x}".encode() for char in ("\x85", "\u2028", "\u2029")
}
_OLDER: Final = re.compile(r"predictions-(\d{4}-\d{2}-\d{2})\.jsonl")


class PredictionLog:
    """The files in one directory: `predictions.jsonl` is today's."""

    def __init__(self, directory: Path, keep_days: float) -> None:
        self._directory = directory
        self._current = directory / CURRENT
        self._keep = timedelta(days=keep_days)

    def append(self, lines: bytes) -> None:
        """Add whole lines to today's file, after whatever was left half written there."""
        with self._locked():
            self._rotate()
            with self._current.open("a+b") as file:
                if not _ends_whole(file):
                    file.write(b"\n")
                file.write(_one_line_each(lines))

    def prune(self) -> list[Path]:
        """Remove the files whose lines are all older than they are kept; which."""
        with self._locked():
            self._rotate()
            last_kept = (datetime.now(UTC) - self._keep).date()
            over = [file for day, file in self._older() if day < last_kept]
            for file in over:
                file.unlink()
        return over

    def erase(self, user: str) -> int:
        """Remove every line of this user, and whatever is no whole line; how many there were."""
        with self._locked():
            files = [file for _, file in self._older()]
            return sum(_without(user, file) for file in (*files, self._current) if file.exists())

    def _rotate(self) -> None:
        """Put a file away whose last line is of another day."""
        with suppress(FileNotFoundError):
            day = _day_of(self._current)
            if day < datetime.now(UTC).date():
                self._put_away(self._directory / f"predictions-{day}.jsonl")

    def _put_away(self, file: Path) -> None:
        """Move today's lines there; behind those that are there already, after a clock was set."""
        if not file.exists():
            self._current.rename(file)
            return
        status = self._current.stat()
        with self._current.open("rb") as lines, file.open("a+b") as whole:
            if not _ends_whole(whole):
                whole.write(b"\n")
            shutil.copyfileobj(lines, whole)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        self._current.unlink()

    def _older(self) -> list[tuple[date, Path]]:
        found = ((_OLDER.fullmatch(file.name), file) for file in self._directory.iterdir())
        return sorted((date.fromisoformat(named[1]), file) for named, file in found if named)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._directory / ".predictions-lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _day_of(file: Path) -> date:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).date()


def _ends_whole(file: BinaryIO) -> bool:
    """Whether the next byte begins a line."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _one_line_each(lines: bytes) -> bytes:
    """Escape what JSON need not, but other readers take for the end of a line."""
    for mark, escaped in _ENDS_OF_LINES.items():
        lines = lines.replace(mark, escaped)
    return lines


def _without(user: str, file: Path) -> int:
    """Write the file anew, without this user's lines; how many they were."""
    draft = file.with_suffix(".part")
    status, removed = file.stat(), 0
    with file.open("rb") as lines, draft.open("wb") as kept:
        os.fchmod(kept.fileno(), status.st_mode & 0o777)
        for line in lines:
            if _is_of(user, line):
                removed += 1
            else:
                kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())
    os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))  # it is of the same day
    os.replace(draft, file)
    return removed


def _is_of(user: str, line: bytes) -> bool:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:  # half a line: the machine died while it was written
        return True  # nobody can tell whose text it holds
    return isinstance(told, dict) and told.get("user") == user
