"""Where the attempts of a job keep what a later attempt goes on from."""

import contextlib
import shutil
import time
from pathlib import Path
from typing import Final

from headway.context import Context

_KEPT_SECONDS: Final = 7 * 86_400


def parts_folder(ctx: Context, kind: str) -> Path:
    """The job's own folder for parts; made if missing. What jobs of the kind left that were
    cancelled, or ended with their machine, goes after a week."""
    folders = ctx.shared / kind
    folders.mkdir(parents=True, exist_ok=True)
    for left in folders.iterdir():
        with contextlib.suppress(OSError):  # another job was faster
            if left.name != ctx.job_id and left.stat().st_mtime < time.time() - _KEPT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    folder = folders / ctx.job_id
    folder.mkdir(exist_ok=True)
    return folder
