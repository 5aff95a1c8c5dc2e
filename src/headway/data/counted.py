"""What the columns of a table are like: counted row by row, and added up over its pieces."""

from collections.abc import Sequence
from typing import Any, Final

from headway.data.columns import MAX_DISTINCT, Column, guess_label_column, guess_text_column
from headway.job import Json

_MOST_REMEMBERED: Final = 1_000_000
"""Different values remembered over all columns, so that a wide table stays in bounds too."""


class Counted:
    """Takes rows, and tells what their columns are like; the same for however they came."""

    def __init__(self, names: Sequence[str]) -> None:
        most = max(100, min(MAX_DISTINCT, _MOST_REMEMBERED // max(1, len(names))))
        self._columns = [Column(name, most) for name in names]

    def add(self, table: Any) -> None:
        """Take the rows of an Arrow table."""
        for column, given in zip(self._columns, table.columns, strict=True):
            column.add(given.combine_chunks())

    def merge(self, state: Sequence[Json]) -> None:
        """Take the rows of what `state` was asked of."""
        for column, more in zip(self._columns, state, strict=True):
            column.merge(more)

    def described(self) -> dict[str, Json]:
        """The columns with their types, the guessed text and label columns, and the labels."""
        text = guess_text_column(self._columns)
        label = guess_label_column(self._columns, text)
        counted = next((column.labels for column in self._columns if column.name == label), None)
        return {
            "columns": [column.as_json() for column in self._columns],
            "text_column": text,
            "label_column": label,
            "labels": counted,
        }

    def state(self) -> list[Json]:
        """All of it as JSON, to go on from after a stop."""
        return [one.state() for one in self._columns]

    def restore(self, state: Sequence[Json]) -> None:
        """Become what `state` was asked of."""
        for column, saved in zip(self._columns, state, strict=True):
            column.restore(saved)
