"""A table that is read for an import, until it stands still."""

from collections.abc import Callable, Iterator
from typing import Any

from headway.data.tables import Batch, Cursor
from headway.operations.import_reading import Reading


def standing(last: int | None, stand: Callable[[], None]) -> Any:
    """A kind of `Reading` that stands still, as `stand` does, once it has taken so many batches."""

    class Standing(Reading):
        def __init__(self, table: Any, *rest: Any) -> None:
            super().__init__(table, *rest)
            self._table = _Counted(table, last, stand)

    return Standing


class _Counted:
    """The table, whose batches end while the next one is waited for."""

    def __init__(self, table: Any, last: int | None, stand: Callable[[], None]) -> None:
        self._opened = table
        self._last = last
        self._stand = stand

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def batches(self, start: Cursor | None = None, end: int | None = None) -> Iterator[Batch]:
        for number, batch in enumerate(self._opened.batches(start, end), 1):
            yield batch
            if number == self._last:
                self._stand()
