"""The real import, standing still in the middle of its work until it is killed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headway.context import Context
from headway.data.tables import Batch, Cursor
from headway.job import Json
from headway.operation import operation
from headway.operations import import_csv as importing
from headway.operations.requests.import_csv import ImportCsv
from headway.retry import Backoff


class MortalImport(ImportCsv):
    """An import, and where each of its runs stands still."""

    log: str
    """Each run adds a line with its process id when it stands still."""
    stops: list[int]
    """Batches after which the first run stands still, the second, and so on."""


@operation("mortal_import", backoff=Backoff(base=0.0, cap=0.0))
def mortal_import(request: MortalImport, ctx: Context) -> dict[str, Json]:
    """Import with a checkpoint every other batch, and stand still after some batches."""
    runs = len(Path(request.log).read_text().splitlines())
    last = request.stops[runs] if runs < len(request.stops) else None
    importing.CHECKPOINT_BYTES = 3 << 20  # type: ignore[misc]  # this process is the attempt's own
    importing.Import = _standing(Path(request.log), last)  # type: ignore[misc]
    told = request.model_dump(exclude={"log", "stops"})
    return importing.import_csv(ImportCsv.model_validate(told), ctx)


def _standing(log: Path, last: int | None) -> Any:
    class Standing(importing.Import):
        def __init__(self, table: Any, *rest: Any) -> None:
            super().__init__(table, *rest)
            self._table = _Counted(table, log, last)

    return Standing


class _Counted:
    """The table, whose batches end while the next one is waited for."""

    def __init__(self, table: Any, log: Path, last: int | None) -> None:
        self._opened = table
        self._log = log
        self._last = last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def batches(self, start: Cursor | None = None) -> Iterator[Batch]:
        for number, batch in enumerate(self._opened.batches(start), 1):
            yield batch
            if number == self._last:
                with self._log.open("a") as log:
                    log.write(f"{os.getpid()}\n")
                while True:
                    time.sleep(1)
