"""How a large input is cut into shards: by its size alone, so that any number of machines share it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from headway.data.datasets import Chunk, Dataset
from headway.operation import MOST_SHARDS
from headway.operations.requests.base import RowRange

SHARD_ROWS: Final = 50_000
"""Rows of a shard: about a second of work, beside a twentieth of one to begin it."""
UNDIVIDED: Final = 100_000
"""Rows below which a job runs as a whole."""


def spans(total: int) -> list[RowRange]:
    """Ranges of nearly equal length that cover so many rows; none for a job to run as a whole."""
    if total < UNDIVIDED:
        return []
    shards = min(MOST_SHARDS, -(-total // SHARD_ROWS))
    bounds = [total * number // shards for number in range(shards + 1)]
    return [RowRange(first=first, count=end - first) for first, end in pairwise(bounds)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows of a data set, numbered from 0."""

    dataset: Dataset
    first: int
    total: int

    @classmethod
    def of(cls, dataset: Dataset, rows: RowRange | None) -> "Stretch":
        """The rows asked for, as far as there are any, or all of them."""
        if rows is None:
            return cls(dataset, 0, dataset.rows)
        return cls(dataset, rows.first, max(0, min(rows.count, dataset.rows - rows.first)))

    def read(self, names: Sequence[str], start: int = 0) -> Iterator[Chunk]:
        """Yield the columns' values from row `start` of the stretch on."""
        for chunk in self.dataset.read(names, self.first + start):
            begun = chunk.start - self.first
            left = self.total - begun
            if left <= 0:
                return
            columns = {name: values[:left] for name, values in chunk.columns.items()}
            yield Chunk(begun, columns)

    def spans(self) -> list[RowRange]:
        """As `spans`, by the numbers of the data set's rows."""
        return [
            RowRange(first=self.first + one.first, count=one.count) for one in spans(self.total)
        ]
