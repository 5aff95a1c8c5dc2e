"""Where a command writes what it gives: standard output, or a file that is never half there."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from headway.errors import InvalidInput


@contextmanager
def output(file: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that holds all that was written once the block has ended; when the
    block fails, the file is as it was before. Raise `InvalidInput` if it cannot be written."""
    if file is None:
        yield sys.stdout
    elif file.exists() and not (file.is_file() or file.is_dir()):
        with file.open("w", encoding="utf-8", newline="") as out:  # a pipe or a device: no file
            yield out
    else:
        with _whole(file) as out:
            yield out


@contextmanager
def _whole(file: Path) -> Iterator[TextIO]:
    target = file.resolve()  # behind a link it is the file that is written, not the link
    draft = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        with draft.open("x", encoding="utf-8", newline="") as out:
            if target.exists():
                shutil.copymode(target, draft)  # before anybody can read what stands in it
            yield out
        os.replace(draft, target)
    except OSError as error:
        raise InvalidInput(
            f"expected a file to write to, got {file}: {error.strerror or error}"
        ) from None
    finally:
        draft.unlink(missing_ok=True)
