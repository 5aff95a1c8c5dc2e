"""A module that takes as long to import as the test wants."""

import os
import time
from pathlib import Path

from headway.context import Context
from tests.worker.operations_under_test import Note, in_c_code

_gate = Path(os.environ["SLOW_IMPORT_GATE"])
_gate.with_suffix(".reached").touch()
while not _gate.exists():
    time.sleep(0.01)


if os.environ.get("SLOW_IMPORT_FAILS"):
    raise ImportError("it failed after all")


def run(request: Note, ctx: Context) -> int:
    """Never end by itself."""
    result: int = in_c_code.function(request, ctx)  # type: ignore[operator]
    return result
