"""Where the modules of users are found by a process started from the command line."""

import sys
from pathlib import Path


def find_modules_here() -> None:
    """Let `HEADWAY_OPERATIONS` name modules in the folder one stands in, as uvicorn does.

    A console script looks in its own folder instead; `python -m` looks here already.
    """
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.insert(0, here)
