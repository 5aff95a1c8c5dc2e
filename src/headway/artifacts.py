"""The bytes of data sets, models, uploads and item results: files below one directory.

What an attempt writes lies in a directory of that attempt, so that a zombie can never touch
what another attempt made. Published files move to a name made of their content's hash.

With a bucket the directory holds copies: whatever is told to the store is put into the bucket
first, and a machine that does not have a file fetches it. No name is ever given to other bytes, so
a copy is as good as the original.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from headway.durable import sync_directory
from headway.errors import CorruptArtifact
from headway.job import Json

BUNDLED: Final[Mapping[str, frozenset[str]]] = {
    "dataset": frozenset({"sample", "test"}),
    "model": frozenset({"default"}),
    "file": frozenset(),
}
"""Artefacts that come with the package: everybody sees them, no row is kept for them."""

BUNDLED_PREFIX: Final = "bundled:"

BUNDLED_DATASET: Final[Mapping[str, Json]] = {
    "columns": ({"name": "text"}, {"name": "label"}),
    "text_column": "text",
    "label_column": "label",
}
"""What is known of each bundled data set before it is made."""

PARTS: Final = "parts"
"""In the cache, with a folder for each job: what an attempt leaves for the next on its machine."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a depot lists."""

    name: str
    size: int
    changed_at: float
    """Seconds since 1970, by the depot's clock."""


class Depot(Protocol):
    """Where artefacts are kept for every machine. See `bucket.Bucket`."""

    @property
    def url(self) -> str: ...

    def put(self, name: str, file: Path) -> None:
        """Store a file."""

    def get(self, name: str, target: Path, sha256: str | None = None) -> None:
        """Copy what is stored to a file, checked against its hash."""

    def has(self, name: str) -> bool:
        """Whether something is stored under this name."""

    def below(self, prefix: str) -> Iterator[Stored]:
        """Everything whose name begins so, in the order of names."""

    def delete(self, names: Sequence[str]) -> None:
        """Remove what is stored under these names. Removing what is gone is fine."""

    def delete_below(self, prefix: str) -> None:
        """Remove everything whose name begins so."""

    def link(self, name: str, seconds: float) -> str:
        """An address at which it can be read for so long."""


class ArtifactFiles:
    """A directory of artefacts. Paths in the database are relative to it.

    With a `depot`, calls that write or fetch raise `ArtifactsUnavailable` while it is away.
    """

    def __init__(self, root: Path, depot: Depot | None = None) -> None:
        self.root = root
        self.depot = depot

    def path(self, relative: str) -> Path:
        """Where a stored path is on this machine. Paths that would leave the root are refused."""
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise CorruptArtifact(f"expected a path below the artefacts' root, got: {relative!r}")
        return path

    def local(self, relative: str, sha256: str | None = None) -> Path:
        """The file of a stored path, fetched if another machine wrote it.

        Raise `CorruptArtifact` if what is fetched does not have the hash. Without a depot the file
        may be missing, and is read unchecked: whoever reads it says so.
        """
        path = self.path(relative)
        if self.depot is not None:
            try:
                os.utime(path)  # it is in use: copies that nobody used for long are removed
            except FileNotFoundError:
                self.depot.get(relative, path, sha256)
        return path

    def secure(self, file: Path) -> str:
        """Make a synced file below the root one that every machine can read; its relative path."""
        relative = file.relative_to(self.root).as_posix()
        if self.depot is not None:
            self.depot.put(relative, file)
        return relative

    def attempt_dir(self, job_id: str, token: int) -> Path:
        """The directory of one attempt; made if missing."""
        path = self.root / "jobs" / job_id / str(token)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def shared_dir(self) -> Path:
        """A cache that all attempts share; whatever is in it can be made again."""
        path = self.root / "cache"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, file: Path, kind: str, sha256: str) -> str:
        """Move a finished, synced file to its place by content; the relative path it has now.

        In a depot equal content has a name of its own each time: then what belongs to nothing can
        be removed there without a look at who may just be storing the same again.
        """
        own = "" if self.depot is None else f"-{uuid4().hex[:12]}"
        target = self.root / f"{kind}s/{sha256[:2]}/{sha256}{own}{file.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
        sync_directory(target.parent)
        return self.secure(target)

    def drop_scratch(self, job_id: str, token: int) -> None:
        """Remove what an attempt that was killed did not leave behind for others."""
        shutil.rmtree(self.root / "jobs" / job_id / str(token) / "scratch", ignore_errors=True)

    def drop_earlier_scratch(self, job_id: str, token: int) -> None:
        """Remove the scratch of the job's attempts before this one: their workers had no time to."""
        if token == 1:
            return
        with contextlib.suppress(OSError):  # most jobs have no directory
            for attempt in (self.root / "jobs" / job_id).iterdir():
                if attempt.name.isdecimal() and int(attempt.name) < token:
                    shutil.rmtree(attempt / "scratch", ignore_errors=True)

    def drop(self, paths: Sequence[str]) -> None:
        """Remove what is stored at these paths, here and in the depot. What is gone is fine."""
        for one in paths:
            self.path(one).unlink(missing_ok=True)
        if self.depot is not None and paths:
            self.depot.delete(paths)

    def drop_job(self, job_id: str) -> None:
        """Remove what all attempts of a job wrote. What they published lies elsewhere, and stays."""
        if self.depot is not None:
            self.depot.delete_below(f"jobs/{job_id}/")
        shutil.rmtree(self.root / "jobs" / job_id, ignore_errors=True)
        shutil.rmtree(self.root / "cache" / PARTS / job_id, ignore_errors=True)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, sha256: str) -> None:
    """Raise `CorruptArtifact` unless the file is what was published; it is read once for that."""
    try:
        found = hash_file(path)
    except OSError as error:
        raise CorruptArtifact(f"expected a file at {path.name}, got: {error.strerror}") from None
    if found != sha256:
        raise CorruptArtifact(
            f"expected {path.name} to have the hash {sha256[:12]}..., got another; it was changed"
            " after it was published: make or upload it again"
        )


def read_checked(path: Path, sha256: str | None) -> bytes:
    """The file's content, or `CorruptArtifact` if it is not what was written, as far as that can be
    told: of what is older than its hash, only that it is there."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorruptArtifact(f"expected a file at {path.name}, got: {error.strerror}") from None
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptArtifact(
            f"expected {path.name} to have the hash {sha256[:12]}..., got another; it was changed"
            " or torn after it was written"
        )
    return data
