"""The real import, standing still in the middle of its work until it is killed."""

import os
import time
from pathlib import Path

from headway.context import Context
from headway.job import Json
from headway.operation import operation
from headway.operations import import_csv as importing
from headway.operations import import_reading
from headway.operations.requests.import_csv import ImportCsv
from headway.retry import Backoff
from tests.worker.standing_table import standing


class MortalImport(ImportCsv):
    """An import, and where each of its runs stands still."""

    log: str
    """Each run adds a line with its process id when it stands still."""
    stops: list[int]
    """Batches after which the first run stands still, the second, and so on."""


@operation("mortal_import", backoff=Backoff(base=0.0, cap=0.0))
def mortal_import(request: MortalImport, ctx: Context) -> dict[str, Json]:
    """Import with a checkpoint every other batch, and stand still after some batches."""
    log = Path(request.log)
    runs = len(log.read_text().splitlines())
    last = request.stops[runs] if runs < len(request.stops) else None
    import_reading.CHECKPOINT_BYTES = 3 << 20  # type: ignore[misc]  # the process is the attempt's
    importing.Reading = standing(last, lambda: _for_ever(log))  # type: ignore[attr-defined]
    told = request.model_dump(exclude={"log", "stops"})
    return importing.import_csv(ImportCsv.model_validate(told), ctx)


def _for_ever(log: Path) -> None:
    """Say who stands still, and do."""
    with log.open("a") as lines:
        lines.write(f"{os.getpid()}\n")
    while True:
        time.sleep(1)
