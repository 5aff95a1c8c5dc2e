"""Where an attempt keeps what a later attempt of its job goes on from.

Nobody writes below a folder but the attempt whose it is, nor removes it while its job is not over:
an attempt that lost its claim and does not know it yet can harm none that came after it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from headway.artifacts import PARTS
from headway.context import Context
from headway.data.parquet_parts import Part
from headway.errors import Cancelled, CorruptArtifact, NotRetryable


@dataclass(frozen=True, slots=True)
class PartsFolder:
    """An attempt's own folder, beside those of the attempts before it."""

    path: Path

    @property
    def name(self) -> str:
        """What a later attempt asks for it by."""
        return self.path.name

    def take_over(self, earlier: str, parts: Sequence[Part]) -> None:
        """Have the parts of an earlier attempt in here too, whatever becomes of its folder.

        `CorruptArtifact` when one is not there: it may have been written on another machine.
        """
        folder = self.path.with_name(earlier)
        for part in parts:
            try:
                os.link(folder / part.name, self.path / part.name)
            except OSError as error:
                said = f"expected the part {part.name}, got: {error.strerror}"
                raise CorruptArtifact(said) from None

    def remove(self) -> None:
        """Remove it, and the job's if it was the last in there."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            self.path.parent.rmdir()


@contextmanager
def parts_folder(ctx: Context) -> Iterator[PartsFolder]:
    """A new folder of this attempt alone. It stays behind only where a later attempt may go on; from
    there the upkeep removes it once the job is over."""
    folder = PartsFolder(ctx.shared / PARTS / ctx.job_id / uuid4().hex)
    folder.path.mkdir(parents=True)
    try:
        yield folder
    except (NotRetryable, Cancelled):
        folder.remove()
        raise
    folder.remove()
