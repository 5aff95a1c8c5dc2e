"""A module that, once imported, leaves no room for another process while the test wants it so."""

import errno
import os
from pathlib import Path
from typing import Final

from headway.context import Context
from tests.worker.operations_under_test import Note

_full: Final = Path(os.environ["NO_ROOM"])
_fork: Final = os.fork


def fork() -> int:
    """See `os.fork`."""
    if _full.exists():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


os.fork = fork


def run(request: Note, ctx: Context) -> str:
    """Return at once."""
    return "run"
