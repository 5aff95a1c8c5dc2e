"""Files that shards leave for the merge of their job: on whatever machine it will run."""

import os
import re
from pathlib import Path
from typing import Final
from uuid import uuid4

from headway.artifacts import ArtifactFiles, hash_file
from headway.durable import sync_directory, sync_file
from headway.errors import CorruptArtifact

_NAME: Final = re.compile(r"(jobs/(.+)-\d+/\d+/handed-[0-9a-f]{32}[.a-z]*)@([0-9a-f]{64})")
"""Where a file is, which job's shard it is of, and its hash."""


def hand_over(files: ArtifactFiles, file: Path, folder: Path) -> str:
    """Move a file into the shard's own folder, and let every machine have it; the name for `handed`."""
    sync_file(file)
    target = folder / f"handed-{uuid4().hex}{file.suffix}"
    sha256 = hash_file(file)
    os.replace(file, target)
    sync_directory(folder)
    return f"{files.secure(target)}@{sha256}"


def handed(files: ArtifactFiles, job_id: str, name: str) -> Path:
    """The file that a shard of the job has handed over. `CorruptArtifact` when it is not there, or
    not as it was."""
    relative, sha256 = _found(job_id, name)
    path = files.local(relative, sha256)
    try:
        whole = hash_file(path) == sha256
    except OSError as error:
        raise CorruptArtifact(f"expected {path.name} from a shard, got: {error.strerror}") from None
    if not whole:
        raise CorruptArtifact(f"expected {path.name} as a shard has written it, got another")
    return path


def drop_handed(files: ArtifactFiles, job_id: str, name: str) -> None:
    """Remove a file that nobody needs any more. Removing what is gone is fine."""
    relative, _ = _found(job_id, name)
    files.path(relative).unlink(missing_ok=True)
    if files.depot is not None:
        files.depot.delete([relative])


def _found(job_id: str, name: str) -> tuple[str, str]:
    found = _NAME.fullmatch(name)
    if found is None or found[2] != job_id:
        raise CorruptArtifact(f"expected a file of a shard of {job_id}, got: {name!r}")
    return found[1], found[3]
